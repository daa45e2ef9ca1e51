//! Payments that a clerk asks about: the papers allow more than one answer, or none in particular.

use super::Answer;
use super::history::{Claim, History, Money, cents, total};
use crate::domain::Amount;

fn ask(history: &mut History, claims: &[Claim], amount: Amount, text: String) {
    let on = history.around_due(&claims[0]);
    let answer = Answer::Ask(claims.iter().map(Claim::id).collect());
    history.pay(&Money { amount, on, text }, answer);
}

/// Two of one amount and one due date: which is paid cannot be known.
pub fn twins(history: &mut History) {
    let gross = history.amount();
    let claims = [gross, gross].map(|gross| history.claim_on(gross, history.start));
    let text = history.says_nothing();
    ask(history, &claims, gross, text);
}

/// The text says one thing, the amount another.
pub fn contradiction(history: &mut History) {
    let claims = [history.claim(), history.claim()];
    let text = history.naming(&claims[..1]);
    ask(history, &claims, claims[1].gross, text);
}

/// 往来款: a round sum that is none of the claims.
pub fn on_account(history: &mut History) {
    let claims: Vec<Claim> = (0..history.rng.between(3, 4)).map(|_| history.claim()).collect();
    let round = *history.rng.pick(&[500, 1_000, 5_000]);
    let most = (total(&claims).0 / Amount::units(round).0).max(1);
    let amount = Amount(Amount::units(round).0 * history.rng.between(1, most));
    let text = history.says_nothing();
    ask(history, &claims, amount, text);
}

/// Two claims that differ by less than a bank charge, and a payment short of both.
pub fn near_fee(history: &mut History) {
    let gross = loop {
        let gross = history.amount();
        if gross >= Amount::units(2_000) {
            break gross;
        }
    };
    let (apart, charge) = (cents(history.rng.between(3, 15) * 100), cents(history.rng.between(5, 20) * 100));
    let more = history.take(Amount(gross.0 + apart.0));
    let claims = [gross, more].map(|gross| history.claim_on(gross, history.start));
    let amount = history.take(Amount(gross.0 - charge.0));
    let text = history.says_nothing();
    ask(history, &claims, amount, text);
}
