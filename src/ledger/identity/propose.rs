//! What suggests that two party keys are one company, in points that a person can add up. A proposal links nothing.
//!
//! Why points and no likelihood: whoever decides must see what speaks for it and what against. [`points`] is the whole
//! model; it is documented for users in `docs/identity.md`.

use super::PartyKey;
use super::name::CompanyName;
use super::number::{Number, taxpayer};

/// From here on a pair is proposed: the least is one contact detail in common.
pub const PROPOSE_AT: i32 = 40;
/// A clue that more keys share than this says nothing: a switchboard, an agent's mailbox, an own name like 华强.
pub const MAX_SHARED: usize = 40;

/// The rules by which clues are made. Whoever changes what a clue reads raises it: stored clues are then made again.
pub const CLUE_RULES: i64 = 1;

/// Longer clues are cut: an index has a limit, and no two names are alike so far.
const CLUE_LETTERS: usize = 256;

/// Digits of a telephone number that are compared: without country code and extension rules, the last ones.
const PHONE_DIGITS: usize = 8;
/// Shorter account numbers are internal ones.
const ACCOUNT_DIGITS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClueKind {
    /// The folded name, or the company that a branch names.
    Name,
    /// Own name and trade.
    Core,
    /// Place and own name.
    Place,
    /// Own name alone.
    Brand,
    /// A number that proves nothing.
    Number,
    /// The old tax number in a credit code.
    Taxpayer,
    Phone,
    Email,
    Account,
}

impl ClueKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Core => "core",
            Self::Place => "place",
            Self::Brand => "brand",
            Self::Number => "number",
            Self::Taxpayer => "taxpayer",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Account => "account",
        }
    }
}

/// A value that keys of one company are likely to share; the index by which candidates are found, never all pairs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clue(Box<str>);

impl Clue {
    pub(super) fn new(kind: ClueKind, value: &str) -> Self {
        let end = value.char_indices().nth(CLUE_LETTERS).map_or(value.len(), |(end, _)| end);
        Self(format!("{}:{}", kind.name(), &value[..end]).into())
    }

    /// As it was stored.
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// As it is stored.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn is(&self, kind: ClueKind) -> bool {
        self.0.split_once(':').is_some_and(|(name, _)| name == kind.name())
    }
}

pub(super) fn clues(key: &PartyKey, phone: &str, email: &str, account: &str) -> Vec<Clue> {
    let mut clues = Vec::new();
    if !key.folded.is_empty() {
        clues.push(Clue::new(ClueKind::Name, &key.folded));
    }
    for name in &key.names {
        clues.push(Clue::new(ClueKind::Brand, &name.brand));
        if !name.trade.is_empty() {
            clues.push(Clue::new(ClueKind::Core, &format!("{}{}", name.brand, name.trade)));
        }
        if !name.place.is_empty() {
            clues.push(Clue::new(ClueKind::Place, &format!("{}{}", name.place, name.brand)));
        }
        clues.extend(name.branch_of.as_ref().map(|head| Clue::new(ClueKind::Name, head)));
    }
    match &key.number {
        Some(Number::Miskeyed(text) | Number::Unchecked(text)) => clues.push(Clue::new(ClueKind::Number, text)),
        Some(number) => clues.push(Clue::new(ClueKind::Taxpayer, taxpayer(number.text()))),
        None => {}
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let phone = digits(phone);
    if let Some(last) = phone.len().checked_sub(PHONE_DIGITS).and_then(|start| phone.get(start..)) {
        clues.push(Clue::new(ClueKind::Phone, last));
    }
    let email = email.trim().to_lowercase();
    if email.contains('@') {
        clues.push(Clue::new(ClueKind::Email, &email));
    }
    let account = digits(account);
    if account.len() >= ACCOUNT_DIGITS {
        clues.push(Clue::new(ClueKind::Account, &account));
    }
    clues.sort_unstable();
    clues.dedup();
    clues
}

/// What two keys have in common, or what sets them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    SameName,
    BranchOf,
    SameBrand,
    SamePlace,
    /// At least one side does not name a place.
    PlaceOpen,
    SameTrade,
    TradeOpen,
    SameNumber,
    SameMiskeyedNumber,
    SameTaxpayer,
    SameAccount,
    SamePhone,
    SameEmail,
    NumbersDiffer,
}

/// The whole model.
pub const fn points(reason: Reason) -> i32 {
    match reason {
        Reason::SameName | Reason::SameNumber | Reason::SameTaxpayer | Reason::SameAccount => 60,
        Reason::BranchOf => 45,
        Reason::SameMiskeyedNumber | Reason::SamePhone | Reason::SameEmail => 40,
        Reason::SameBrand => 20,
        Reason::SamePlace | Reason::SameTrade => 15,
        Reason::PlaceOpen | Reason::TradeOpen => 10,
        Reason::NumbersDiffer => -15,
    }
}

/// The reasons of one pair and their sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    pub reasons: Vec<Reason>,
    pub points: i32,
}

impl Evidence {
    fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_unstable();
        let points = reasons.iter().map(|reason| points(*reason)).sum();
        Self { reasons, points }
    }

    pub fn is_proposed(&self) -> bool {
        self.points >= PROPOSE_AT
    }
}

/// Weighs two keys. `telling` says of a clue that few enough keys share it.
pub fn evidence(a: &PartyKey, b: &PartyKey, telling: impl Fn(&Clue) -> bool) -> Evidence {
    let mut reasons = about_names(a, b);
    for clue in a.clues.iter().filter(|clue| b.clues.binary_search(clue).is_ok() && telling(clue)) {
        let is = |kind| clue.is(kind);
        reasons.extend(match () {
            () if is(ClueKind::Number) && matches!(a.number, Some(Number::Miskeyed(_))) => {
                Some(Reason::SameMiskeyedNumber)
            }
            () if is(ClueKind::Number) => Some(Reason::SameNumber),
            () if is(ClueKind::Taxpayer) => Some(Reason::SameTaxpayer),
            () if is(ClueKind::Phone) => Some(Reason::SamePhone),
            () if is(ClueKind::Email) => Some(Reason::SameEmail),
            () if is(ClueKind::Account) => Some(Reason::SameAccount),
            () => None,
        });
    }
    if let (Some(a), Some(b)) = (a.linking_number(), b.linking_number())
        && taxpayer(a) != taxpayer(b)
    {
        reasons.push(Reason::NumbersDiffer);
    }
    Evidence::of(reasons)
}

fn about_names(a: &PartyKey, b: &PartyKey) -> Vec<Reason> {
    if a.legal_name.is_some() && a.legal_name == b.legal_name {
        return vec![Reason::SameName];
    }
    let pairs = a.names.iter().flat_map(|a| b.names.iter().map(move |b| (a, b)));
    let branch = |name: &CompanyName, head: &PartyKey| name.branch_of.as_deref() == Some(&*head.folded);
    if a.names.iter().any(|name| branch(name, b)) || b.names.iter().any(|name| branch(name, a)) {
        return vec![Reason::BranchOf];
    }
    let weighed = pairs.map(|(a, b)| compare(a, b)).map(Evidence::of);
    weighed.max_by_key(|weighed| weighed.points).unwrap_or_default().reasons
}

fn compare(a: &CompanyName, b: &CompanyName) -> Vec<Reason> {
    if a.brand != b.brand {
        return Vec::new();
    }
    let part = |a: &str, b: &str, same, open| match (a, b) {
        ("", _) | (_, "") => Some(open),
        _ => (a == b).then_some(same),
    };
    let place = part(&a.place, &b.place, Reason::SamePlace, Reason::PlaceOpen);
    let trade = part(&a.trade, &b.trade, Reason::SameTrade, Reason::TradeOpen);
    [Some(Reason::SameBrand), place, trade].into_iter().flatten().collect()
}
