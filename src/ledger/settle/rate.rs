//! Settlement across currencies (跨币种核销): money of one currency that pays a claim in another, at a rate a person agreed.
//!
//! The rate turns money into money: it leaves the customer's account in one currency through `fx:clearing` and enters the
//! other, where it pays what the person named like any pinned money. Each currency is settled apart, so whether a rate
//! fits must not depend on what only one of them knows: it depends on the payment, on what the ERP settled of it and on
//! earlier rates, and one that does not fit in full is not applied. Without a rate nothing crosses.

use jiff::civil::Date;

use super::SettleInput;
use super::money::{Money, payment};
use super::view::{Counted, View};
use crate::domain::{Currency, Id, IdMap};
use crate::ledger::decision::action;
use crate::ledger::posting::is_outgoing;
use crate::ledger::{Account, AccountKind, Document};

/// What a decision says: so much of one currency settles so much of another.
struct Rate {
    from: Currency,
    gross: i64,
    to: Currency,
    to_gross: i64,
}

impl Rate {
    fn of(decision: &Document) -> Option<Self> {
        let amount = |name| decision.fields.amount(name).map(|amount| amount.0).filter(|amount| *amount > 0);
        let currency = |name| decision.fields.currency(name);
        let (from, to) = (currency("currency")?, currency("to_currency")?);
        let rate = Self { from, gross: amount("gross")?, to, to_gross: amount("to_gross")? };
        (action(decision) == "rate" && from != to).then_some(rate)
    }
}

/// One side of a conversion, as the settlement of its currency posts it.
pub(super) struct Crossing {
    pub effective_on: Date,
    pub debit: Account,
    pub credit: Account,
    pub amount: i64,
}

/// Converts money between this settlement's currency and others.
pub(super) fn convert<'a>(money: &mut Vec<Money<'a>>, view: &View<'a>, input: &SettleInput<'_>) -> Vec<Crossing> {
    let mut free: IdMap<i64> = IdMap::default();
    let mut crossings = Vec::new();
    for decision in &view.decisions {
        let Some(rate) = Rate::of(decision) else { continue };
        let paid = view.money_of(decision).and_then(|id| view.payment(id));
        let Some(paid) = paid.filter(|paid| paid.document.currency() == Some(rate.from)) else { continue };
        let free = free.entry(paid.document.id).or_insert_with(|| free_of(&paid, view, input.party));
        if *free < rate.gross {
            continue;
        }
        *free -= rate.gross;
        if rate.from == input.currency {
            leave(money, &paid, rate.gross, &mut crossings);
        } else if rate.to == input.currency {
            crossings.push(enter(money, &paid, rate.to_gross, input.party));
        }
    }
    money.sort_by_key(|money| (money.effective_on, money.document.id, money.account));
    crossings
}

/// The party's part of a payment less what the ERP settled of it.
fn free_of<'a>(paid: &Counted<'a>, view: &View<'a>, party: Id) -> i64 {
    if is_outgoing(paid.document) {
        return 0;
    }
    let own: i64 = payment(paid, party, view).iter().map(|money| money.total).sum();
    let settled = view.settlements.iter().chain(&view.settlements_abroad);
    let settled = settled.filter(|one| one.fields.reference("payment_no") == Some(paid.document.id));
    settled.filter_map(|one| one.fields.amount("gross")).fold(own, |left, gross| left.saturating_sub(gross.0))
}

fn leave(money: &mut [Money<'_>], paid: &Counted<'_>, gross: i64, crossings: &mut Vec<Crossing>) {
    let mut wanted = gross;
    for source in money.iter_mut().filter(|money| money.document.id == paid.document.id) {
        let amount = source.left.min(wanted);
        wanted -= amount;
        source.left -= amount;
        source.total -= amount;
        if amount > 0 {
            crossings.push(Crossing {
                effective_on: source.effective_on,
                debit: source.account,
                credit: Account::of_book(AccountKind::FxClearing),
                amount,
            });
        }
    }
}

fn enter<'a>(money: &mut Vec<Money<'a>>, paid: &Counted<'a>, amount: i64, party: Id) -> Crossing {
    let account = Account::of_party(AccountKind::Unapplied, party);
    let effective_on = paid.effective_on;
    money.push(Money {
        document: paid.document,
        effective_on,
        account,
        total: amount,
        left: amount,
        fee: 0,
        is_reserved: false,
        is_pinned: false,
        named: Vec::new(),
    });
    Crossing { effective_on, debit: Account::of_book(AccountKind::FxClearing), credit: account, amount }
}

/// `lin 约定 100.00 USD = 720.00 CNY (rate agreed by lin)`
pub(super) fn explanation(decision: &Document) -> String {
    let by = decision.fields.text("decided_by").unwrap_or_default();
    let Some(rate) = Rate::of(decision) else { return String::new() };
    let shown = |micros, currency| format!("{} {currency}", crate::domain::Amount(micros).grouped(currency));
    let (from, to) = (shown(rate.gross, rate.from), shown(rate.to_gross, rate.to));
    format!("{by} 约定 {from} = {to} (rate agreed by {by})")
}
