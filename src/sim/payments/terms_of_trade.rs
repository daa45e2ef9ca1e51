//! Payments whose answer lies in how the trade is done: who pays for whom, in which currency, in advance, by a bill.

use super::history::{Claim, History, Money, after, before, part, total, whole};
use super::{Answer, text};
use crate::domain::{Amount, Currency, FactKind};

/// Who pays for others: people, sister companies, agents.
const PAYERS: &[&str] = &["王建国", "香港恒信贸易有限公司", "深圳市联达供应链管理有限公司", "SUNRISE TRADING LTD"];
/// The other customer of a receipt over two lines.
const OTHER_CUSTOMER: &str = "C99999";

pub fn third_party(history: &mut History) {
    let claim = [history.claim()];
    let on = history.around_due(&claim[0]);
    let text = if history.rng.chance(500) { history.naming(&claim) } else { history.says_nothing() };
    let is_shared = history.rng.chance(300);
    let others = if is_shared { history.amount() } else { Amount::ZERO };
    let gross = claim[0].gross;
    let payer = *history.rng.pick(PAYERS);
    let receipt = history.receipt(&Money { amount: Amount(gross.0 + others.0), on, text }).text("payer", payer);
    let receipt = if is_shared {
        receipt.line(1, gross, &[]).line(1, others, &[("customer", FactKind::Party, OTHER_CUSTOMER)])
    } else {
        receipt
    };
    let receipt = receipt.build();
    history.label(receipt.id(), whole(&claim));
    history.book(receipt);
}

pub fn two_currencies(history: &mut History) {
    let gross = history.amount();
    for currency in [Currency::CNY, Currency::USD] {
        history.currency = currency;
        let claim = history.claim_of(gross);
        let (on, text) = (history.around_due(&claim), history.says_nothing());
        history.pay_all(&[claim], on, text);
    }
    if history.rng.chance(300) {
        history.currency = Currency::HKD;
        let (on, text) = (after(history.start, 50), history.says_nothing());
        history.pay(&Money { amount: gross, on, text }, Answer::Place(Vec::new()));
    }
}

pub fn deposit(history: &mut History) {
    let gross = history.amount();
    let order = history.order(gross, history.start);
    if history.rng.chance(250) {
        return in_advance(history, gross, &order);
    }
    let percent = history.rng.between(2, 5) * 10;
    let amount = part(gross, percent);
    let amount = history.take(amount);
    let (on, text) = (after(history.start, 2), history.says_nothing());
    let receipt = history.receipt(&Money { amount, on, text }).text("purpose", "deposit");
    let receipt = receipt.refers("order_no", FactKind::Order, &order).build();
    let payment = receipt.id();
    history.book(receipt);
    if history.rng.chance(250) {
        return history.label(payment, Answer::Place(Vec::new()));
    }
    let claim = history.claim_for(&order, gross, after(history.start, 25));
    history.label(payment, Answer::Place(vec![(claim.id(), amount)]));
    let rest = history.take(Amount(gross.0 - amount.0));
    let on = history.around_due(&claim);
    let text = if history.rng.chance(500) { text::naming(&mut history.rng, &[order]) } else { history.says_nothing() };
    history.pay(&Money { amount: rest, on, text }, Answer::Place(vec![(claim.id(), rest)]));
}

/// 款到发货: the money comes first and names the order.
fn in_advance(history: &mut History, gross: Amount, order: &str) {
    let invoiced_on = after(history.start, 20);
    let claim = history.claim_for(order, gross, invoiced_on);
    let on = before(invoiced_on, history.rng.between(5, 12));
    let text = text::naming(&mut history.rng, &[order.to_owned()]);
    history.pay_all(&[claim], on, text);
}

pub fn bill(history: &mut History) {
    let count = 1 + usize::from(history.rng.chance(300));
    let claims: Vec<Claim> = (0..count).map(|_| history.claim()).collect();
    let on = history.around_due(&claims[0]);
    let is_paid = !history.rng.chance(200);
    let number = format!("{}-YC", history.next_payment());
    let bill = history.draft(FactKind::Bill, &number).amount("gross", total(&claims)).date("received_on", on);
    let status = if is_paid { *history.rng.pick(&["held", "matured"]) } else { "dishonoured" };
    let bill = bill.date("matures_on", after(on, 180)).text("status", status).date("status_on", after(on, 180));
    let is_named = count == 1 && history.rng.chance(500);
    let bill = if is_named { bill.refers("invoice_no", FactKind::Invoice, &claims[0].invoice) } else { bill };
    let bill = bill.build();
    let answer = if is_paid { whole(&claims) } else { Answer::Place(Vec::new()) };
    history.label(bill.id(), answer);
    history.book(bill);
}

pub fn duplicate(history: &mut History) {
    let claim = [history.claim()];
    let on = history.around_due(&claim[0]);
    let text = if history.rng.chance(700) { history.naming(&claim) } else { history.says_nothing() };
    history.pay_all(&claim, on, text.clone());
    let again = Money { amount: claim[0].gross, on: after(on, history.rng.between(1, 4)), text };
    if history.rng.chance(600) {
        return history.pay(&again, Answer::Place(Vec::new()));
    }
    let seen = history.receipt(&Money { on, ..again }).build();
    history.label(seen.id(), Answer::Place(Vec::new()));
    history.see(seen);
}
