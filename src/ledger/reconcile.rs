//! Our balances beside somebody else's list of them (the ERP's 账龄表): who differs, by how much, and which of the things
//! that the ledger knows would explain it to the last digit.
//!
//! Why so strict: a cause is named only when an amount is *equal* to the difference, so that finance can trust it; what is
//! near explains nothing. It corrects nothing either. It must not know how either list was read.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Document, Role};
use crate::domain::amount::AmountError;
use crate::domain::text::fold_name;
use crate::domain::{Amount, Currency, FactKind, Id};

/// More likely causes of one difference than a person reads.
const MAX_CAUSES: usize = 5;

/// Which of our figures the other list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceBasis {
    /// Goods and claims: what `ledger aging` calls open.
    Open,
    /// Claims only (应收单, 发票).
    Billed,
    /// Open, less the customer's money that nothing took and deposits.
    OpenNet,
    BilledNet,
}

impl BalanceBasis {
    pub const ALL: [Self; 4] = [Self::Open, Self::Billed, Self::OpenNet, Self::BilledNet];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Billed => "billed",
            Self::OpenNet => "open-net",
            Self::BilledNet => "billed-net",
        }
    }

    const fn counts_goods(self) -> bool {
        matches!(self, Self::Open | Self::OpenNet)
    }

    const fn is_net(self) -> bool {
        matches!(self, Self::OpenNet | Self::BilledNet)
    }
}

/// A customer in one currency as our ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub party: Id,
    pub code: Box<str>,
    pub name: Box<str>,
    pub currency: Currency,
    pub unbilled: Amount,
    pub billed: Amount,
    /// Money that nothing took, and deposits.
    pub credit: Amount,
    pub bills_held: Amount,
}

impl Standing {
    pub fn balance(&self, basis: BalanceBasis) -> Result<Amount, AmountError> {
        let goods = if basis.counts_goods() { self.unbilled } else { Amount::ZERO };
        let credit = if basis.is_net() { self.credit } else { Amount::ZERO };
        self.billed.checked_add(goods)?.checked_sub(credit)
    }
}

/// A row of the other list. Without a code the name decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub code: Box<str>,
    pub name: Box<str>,
    pub currency: Currency,
    pub balance: Amount,
}

/// A customer in one currency on both sides; `None` where a side does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub party: Option<Id>,
    pub code: Box<str>,
    pub name: Box<str>,
    pub currency: Currency,
    pub ours: Option<Amount>,
    pub theirs: Option<Amount>,
    /// Ours less theirs.
    pub difference: Amount,
}

/// Every customer that either side has, by code and currency; rows of one customer and currency add up.
pub fn compare(ours: &[Standing], theirs: &[Listed], basis: BalanceBasis) -> Result<Vec<Compared>, AmountError> {
    let mut rows: BTreeMap<(Box<str>, Currency), Compared> = BTreeMap::new();
    for standing in ours {
        let balance = standing.balance(basis)?;
        let row = row_of(&mut rows, &standing.code, &standing.name, standing.currency);
        row.party = row.party.or(Some(standing.party));
        row.ours = Some(row.ours.unwrap_or_default().checked_add(balance)?);
        row.difference = row.difference.checked_add(balance)?;
    }
    let by_name: BTreeMap<String, &Standing> =
        ours.iter().map(|standing| (fold_name(&standing.name), standing)).collect();
    for listed in theirs {
        let named = by_name.get(&fold_name(&listed.name)).filter(|_| listed.code.is_empty());
        let code = named.map_or(&listed.code, |standing| &standing.code);
        let row = row_of(&mut rows, code, &listed.name, listed.currency);
        row.theirs = Some(row.theirs.unwrap_or_default().checked_add(listed.balance)?);
        row.difference = row.difference.checked_sub(listed.balance)?;
    }
    Ok(rows.into_values().collect())
}

fn row_of<'r>(
    rows: &'r mut BTreeMap<(Box<str>, Currency), Compared>,
    code: &str,
    name: &str,
    currency: Currency,
) -> &'r mut Compared {
    rows.entry((code.into(), currency)).or_insert_with(|| Compared {
        party: None,
        code: code.into(),
        name: name.into(),
        currency,
        ours: None,
        theirs: None,
        difference: Amount::ZERO,
    })
}

/// What may have to do with a difference, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// The other side has the same name under another code.
    OtherCode,
    /// They show another of our figures.
    OtherBasis,
    /// Money that came in and belongs to nobody here.
    UnidentifiedMoney,
    /// Money of the customer that no item took.
    UnappliedMoney,
    /// Bills that we count as money and they do not yet.
    BillsHeld,
    /// We have it as a draft.
    Draft,
    /// A second source has seen it, and the booking source has not told us.
    NotBookedHere,
    /// We have it, they may not.
    OnlyHere,
    /// Records that name the customer lie in quarantine.
    Quarantine,
    UnknownHere,
    UnknownThere,
}

impl CauseKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherBasis => "other_basis",
            Self::UnidentifiedMoney => "unidentified_money",
            Self::UnappliedMoney => "unapplied_money",
            Self::BillsHeld => "bills_held",
            Self::Draft => "draft",
            Self::NotBookedHere => "not_booked_here",
            Self::OnlyHere => "only_here",
            Self::OtherCode => "other_code",
            Self::Quarantine => "quarantine",
            Self::UnknownHere => "unknown_here",
            Self::UnknownThere => "unknown_there",
        }
    }
}

/// A likely cause and what it is about: a basis, a document's kind and number, a code, a record's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub kind: CauseKind,
    pub about: String,
    pub on: Option<Date>,
}

impl Cause {
    fn new(kind: CauseKind, about: impl Into<String>) -> Self {
        Self { kind, about: about.into(), on: None }
    }
}

/// A number, an amount, a day: money that nobody's item took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    pub number: Box<str>,
    pub amount: Amount,
    pub on: Date,
}

/// What the ledger knows beside one customer's balances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Documents that name the customer, in its currency; unpaired evidence and drafts too.
    pub documents: Vec<Document>,
    /// Money of the book and currency that belongs to nobody.
    pub unidentified: Vec<Money>,
    pub unapplied: Vec<Money>,
    /// Keys of records in quarantine that name it.
    pub quarantined: Vec<Box<str>>,
}

/// Likely causes of a difference, the surest first; empty when nothing that we know is equal to it.
pub fn causes(
    row: &Compared,
    standing: Option<&Standing>,
    basis: BalanceBasis,
    clues: &Clues,
    twins: &[Box<str>],
) -> Result<Vec<Cause>, AmountError> {
    let mut causes = Vec::new();
    match (row.ours, row.theirs) {
        (None, _) => causes.push(Cause::new(CauseKind::UnknownHere, &*row.code)),
        (_, None) => causes.push(Cause::new(CauseKind::UnknownThere, &*row.code)),
        _ => {}
    }
    causes.extend(twins.iter().map(|code| Cause::new(CauseKind::OtherCode, &**code)));
    if let (Some(standing), Some(theirs)) = (standing, row.theirs) {
        for other in BalanceBasis::ALL.into_iter().filter(|other| *other != basis) {
            if standing.balance(other)? == theirs {
                causes.push(Cause::new(CauseKind::OtherBasis, other.name()));
                break;
            }
        }
        if standing.bills_held.is_positive() && row.difference.checked_add(standing.bills_held)?.is_zero() {
            causes.push(Cause::new(CauseKind::BillsHeld, &*row.code));
        }
    }
    causes.extend(money_causes(row.difference, basis, clues));
    for document in &clues.documents {
        causes.extend(document_cause(document, row.difference, basis)?);
    }
    causes.sort_by(|a, b| (a.kind, a.on, &a.about).cmp(&(b.kind, b.on, &b.about)));
    causes.truncate(MAX_CAUSES);
    causes.extend(clues.quarantined.iter().take(MAX_CAUSES).map(|key| Cause::new(CauseKind::Quarantine, &**key)));
    Ok(causes)
}

fn money_causes(difference: Amount, basis: BalanceBasis, clues: &Clues) -> Vec<Cause> {
    let unapplied: &[Money] = if basis.is_net() { &[] } else { &clues.unapplied };
    let of = |kind, money: &[Money]| -> Vec<Cause> {
        let equal = money.iter().filter(|money| money.amount == difference);
        equal.map(|money| Cause { kind, about: money.number.to_string(), on: Some(money.on) }).collect()
    };
    let mut causes = of(CauseKind::UnidentifiedMoney, &clues.unidentified);
    causes.extend(of(CauseKind::UnappliedMoney, unapplied));
    causes
}

/// A document whose amount is the difference: counted and only here, or known here and not counted.
fn document_cause(document: &Document, difference: Amount, basis: BalanceBasis) -> Result<Option<Cause>, AmountError> {
    let Some(effect) = effect(document, basis)? else { return Ok(None) };
    let kind = match (document.role, document.status()) {
        (Role::Stub, _) | (_, "void") => return Ok(None),
        (Role::Booked, "draft") if effect.checked_add(difference)?.is_zero() => CauseKind::Draft,
        (Role::Booked, "draft") => return Ok(None),
        (Role::Evidence, _) if effect.checked_add(difference)?.is_zero() => CauseKind::NotBookedHere,
        (Role::Booked, _) if effect == difference => CauseKind::OnlyHere,
        _ => return Ok(None),
    };
    let about = format!("{} {}", document.kind.name(), document.number);
    Ok(Some(Cause { kind, about, on: document.effective_on() }))
}

/// By how much a counted document of this content raises the customer's balance; `None` for one that moves none.
fn effect(document: &Document, basis: BalanceBasis) -> Result<Option<Amount>, AmountError> {
    let Some(gross) = document.gross() else { return Ok(None) };
    let is = |field: &str, value: &str| document.fields.text(field) == Some(value);
    let effect = match document.kind {
        FactKind::Shipment if basis.counts_goods() && is("nature", "sale") => gross,
        // A claim moves what is owed from goods to billed; only a position at cutover adds to both.
        FactKind::Invoice if basis.counts_goods() && !is("nature", "opening") => return Ok(None),
        FactKind::Invoice if is("nature", "red") => gross.checked_neg()?,
        FactKind::Invoice => gross,
        FactKind::Payment if is("direction", "out") => gross,
        FactKind::Return if !basis.counts_goods() => return Ok(None),
        FactKind::Payment | FactKind::Bill | FactKind::Return | FactKind::Adjustment => gross.checked_neg()?,
        _ => return Ok(None),
    };
    Ok(Some(effect))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::{Doc, amount, day};

    fn standing(code: &str, unbilled: &str, billed: &str, credit: &str) -> Standing {
        Standing {
            party: Id([1; 16]),
            code: code.into(),
            name: format!("{code}有限公司").into(),
            currency: Currency::CNY,
            unbilled: amount(unbilled),
            billed: amount(billed),
            credit: amount(credit),
            bills_held: amount("0"),
        }
    }

    fn listed(code: &str, name: &str, balance: &str) -> Listed {
        Listed { code: code.into(), name: name.into(), currency: Currency::CNY, balance: amount(balance) }
    }

    /// Causes when we have 30 unbilled, 100 billed and 7 of money that nothing took, and they say `theirs`.
    fn explained(theirs: &str, clues: &Clues) -> Vec<(CauseKind, String)> {
        let ours = standing("C1", "30", "100", "7");
        let rows = compare(std::slice::from_ref(&ours), &[listed("C1", "", theirs)], BalanceBasis::Open).unwrap();
        let causes = causes(&rows[0], Some(&ours), BalanceBasis::Open, clues, &[]).unwrap();
        causes.into_iter().map(|cause| (cause.kind, cause.about)).collect()
    }

    #[test]
    fn rows_meet_by_code_or_else_by_name_and_add_up() {
        let ours = [standing("C1", "0", "100", "0"), standing("C2", "0", "5", "0"), standing("C3", "0", "9", "0")];
        let theirs = [
            listed("C1", "", "60"),
            listed("C1", "", "40"),
            listed("", "C2有限公司", "5"),
            listed("C9", "新客户", "1"),
        ];
        let found: Vec<(String, Amount)> = compare(&ours, &theirs, BalanceBasis::Open)
            .unwrap()
            .into_iter()
            .map(|row| (row.code.to_string(), row.difference))
            .collect();
        let expected = [("C1", "0"), ("C2", "0"), ("C3", "9"), ("C9", "-1")];
        assert_eq!(found, expected.map(|(code, difference)| (code.to_owned(), amount(difference))));
    }

    #[test]
    fn another_of_our_figures_is_named() {
        for (theirs, basis) in [("100", "billed"), ("123", "open-net"), ("93", "billed-net")] {
            let found = explained(theirs, &Clues::default());
            assert_eq!(found, [(CauseKind::OtherBasis, basis.to_owned())], "{theirs}");
        }
        assert_eq!(explained("99.99", &Clues::default()), []);
    }

    #[test]
    fn what_is_exactly_the_difference_is_named_and_what_is_near_is_not() {
        let money = |number: &str, of: &str| Money { number: number.into(), amount: amount(of), on: day(3) };
        let draft = Doc::shipment("XS9", day(4)).text("status", "draft").line(1, amount("20"), &[]).build();
        let shipment = Doc::shipment("XS5", day(1)).line(1, amount("20"), &[]).build();
        let payment = Doc::payment("SK7", amount("20"), day(2)).build();
        let clues = Clues {
            documents: vec![draft, shipment, payment],
            unidentified: vec![money("BANK1", "20"), money("BANK2", "19.99")],
            unapplied: vec![money("SK6", "20")],
            quarantined: vec!["XSCKD8".into()],
        };
        // They are 20 short of ours: money that we have not matched, or goods that they do not have.
        let expected = [
            (CauseKind::UnidentifiedMoney, "BANK1"),
            (CauseKind::UnappliedMoney, "SK6"),
            (CauseKind::OnlyHere, "shipment XS5"),
            (CauseKind::Quarantine, "XSCKD8"),
        ];
        assert_eq!(explained("110", &clues), expected.map(|(kind, about)| (kind, about.to_owned())));
        // They are 20 over ours: a claim that is a draft here, or money that they do not have.
        let expected = [
            (CauseKind::Draft, "shipment XS9"),
            (CauseKind::OnlyHere, "payment SK7"),
            (CauseKind::Quarantine, "XSCKD8"),
        ];
        assert_eq!(explained("150", &clues), expected.map(|(kind, about)| (kind, about.to_owned())));
    }
}
