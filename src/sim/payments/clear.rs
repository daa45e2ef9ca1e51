//! Payments whose answer the text or the amount gives, class by class. In words: [`super::class`].

use super::history::{Claim, History, Money, after, cents, part, total, whole};
use super::{Answer, text};
use crate::domain::Amount;

/// Bank charges in cents.
const CHARGES: (i64, i64) = (5_00, 45_00);
/// A charge is small beside what it is taken from.
const CHARGED_LEAST: Amount = Amount::units(2_000);
/// Last month's text names what was paid at least so many days before.
const STALE_DAYS: i64 = 25;

pub fn exact(history: &mut History) {
    let claim = history.claim();
    let (on, text) = (history.around_due(&claim), history.says_nothing());
    history.pay_all(&[claim], on, text);
}

pub fn named(history: &mut History) {
    if history.rng.chance(250) {
        return one_of_an_order(history);
    }
    let claim = [history.claim()];
    let (on, text) = (history.around_due(&claim[0]), history.naming(&claim));
    history.pay_all(&claim, on, text);
}

/// An order that was billed in two invoices: one is paid, the text names the order.
fn one_of_an_order(history: &mut History) {
    let (first, second) = (history.amount(), history.amount());
    let order = history.order(Amount(first.0 + second.0), history.start);
    let invoiced_on = after(history.start, 5);
    let claims = [first, second].map(|gross| history.claim_for(&order, gross, invoiced_on));
    let paid = claims[history.rng.below(2) as usize].clone();
    let (on, text) = (history.around_due(&paid), text::naming(&mut history.rng, &[order]));
    history.pay_all(&[paid], on, text);
}

pub fn slip(history: &mut History) {
    let claim = history.claim();
    let number = history.name_of(&claim);
    let typed = text::slipped(&mut history.rng, &number);
    let text = text::naming(&mut history.rng, &[typed]);
    let on = history.around_due(&claim);
    if history.rng.chance(500) {
        return history.pay_all(&[claim], on, text);
    }
    let percent = history.rng.between(30, 70);
    let amount = part(claim.gross, percent);
    let amount = history.take(amount);
    history.pay(&Money { amount, on, text }, Answer::Place(vec![(claim.id(), amount)]));
}

pub fn recurring(history: &mut History) {
    let gross = history.amount();
    let mut month = history.start.first_of_month();
    for _ in 0..history.rng.between(3, 5) {
        let invoiced_on = after(month, history.rng.between(0, 5));
        let claim = history.claim_on(gross, invoiced_on);
        let (on, text) = (after(claim.due_on, history.rng.between(-3, 10)), history.says_nothing());
        history.pay_all(&[claim], on, text);
        month = after(month, 32).first_of_month();
    }
}

fn claims(history: &mut History, least: i64, most: i64) -> Vec<Claim> {
    (0..history.rng.between(least, most)).map(|_| history.claim()).collect()
}

pub fn bundle_named(history: &mut History) {
    let claims = claims(history, 2, 5);
    let (on, text) = (history.around_due(&claims[0]), history.naming(&claims));
    history.pay_all(&claims, on, text);
}

pub fn bundle_month(history: &mut History) {
    let month = history.start.first_of_month();
    let mut claims = Vec::new();
    for _ in 0..history.rng.between(3, 7) {
        let (gross, on) = (history.amount(), after(month, history.rng.between(0, 25)));
        claims.push(history.claim_on(gross, on));
    }
    let on = history.around_due(&claims[0]);
    let text = if history.rng.chance(500) { format!("{}月货款", month.month()) } else { history.says_nothing() };
    history.pay_all(&claims, on, text);
}

pub fn bundle_loose(history: &mut History) {
    let mut claims = claims(history, 4, 6);
    let mut paid = Vec::new();
    for _ in 0..history.rng.between(2, 3) {
        let index = history.rng.below(claims.len() as u64) as usize;
        paid.push(claims.remove(index));
    }
    let (on, text) = (history.around_due(&paid[0]), history.says_nothing());
    history.pay_all(&paid, on, text);
}

pub fn partial(history: &mut History) {
    let claim = [history.claim()];
    let percent = history.rng.between(30, 70);
    let first = part(claim[0].gross, percent);
    let first = history.take(first);
    let rest = history.take(Amount(claim[0].gross.0 - first.0));
    let (on, text) = (history.around_due(&claim[0]), history.naming(&claim));
    history.pay(&Money { amount: first, on, text }, Answer::Place(vec![(claim[0].id(), first)]));
    let text = if history.rng.chance(500) { history.naming(&claim) } else { history.says_nothing() };
    let on = after(on, history.rng.between(5, 40));
    history.pay(&Money { amount: rest, on, text }, Answer::Place(vec![(claim[0].id(), rest)]));
}

/// A claim large enough for a charge.
fn large_claim(history: &mut History) -> Claim {
    loop {
        let gross = history.amount();
        if gross >= CHARGED_LEAST {
            return history.claim_of(gross);
        }
    }
}

pub fn fee(history: &mut History) {
    let count = 1 + usize::from(history.rng.chance(300));
    let claims: Vec<Claim> = (0..count).map(|_| large_claim(history)).collect();
    // Half a unit is the smallest step of a bank's tariff.
    let charge = cents(history.rng.between(CHARGES.0 / 50, CHARGES.1 / 50) * 50);
    let amount = history.take(Amount(total(&claims).0 - charge.0));
    let on = history.around_due(&claims[0]);
    let text = if history.rng.chance(500) { history.naming(&claims) } else { history.says_nothing() };
    let receipt = history.receipt(&Money { amount, on, text });
    let receipt = if history.rng.chance(300) { receipt.amount("fee", charge) } else { receipt };
    let receipt = receipt.build();
    history.label(receipt.id(), whole(&claims));
    history.book(receipt);
}

pub fn over(history: &mut History) {
    let claim = [history.claim()];
    let hundred = Amount::units(100).0;
    let amount = history.take(Amount((claim[0].gross.0 / hundred + 1) * hundred));
    let (on, text) = (history.around_due(&claim[0]), history.naming(&claim));
    history.pay(&Money { amount, on, text }, whole(&claim));
}

pub fn wrong_reference(history: &mut History) {
    let claim = history.claim();
    let on = history.around_due(&claim);
    let is_stale = |(_, paid_on): &&(Claim, _)| after(*paid_on, STALE_DAYS) < on;
    let stale = history.settled.iter().rev().find(is_stale).map(|(claim, _)| claim.clone());
    let stale = stale.filter(|_| history.rng.chance(600));
    let text = match stale {
        Some(old) => history.naming(&[old]),
        // A number range that this customer has nothing in.
        None => {
            let number = format!("AR{:08}", 500_000 + history.rng.between(0, 9_999));
            text::naming(&mut history.rng, &[number])
        }
    };
    history.pay_all(&[claim], on, text);
}
