//! Two plain ways to allocate, as a spreadsheet macro would: what ours is compared with.
//!
//! Both walk through the payments by date and see the invoices with their numbers. They know nothing of deposits, bank
//! charges, slips of the pen or sums of several invoices.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::measure::{Case, Placed};
use crate::domain::{FactKind, Id};
use crate::ledger::{Document, Role};

struct Claim {
    id: Id,
    issued_on: Option<Date>,
    open: i64,
    numbers: BTreeSet<String>,
}

struct Money<'a> {
    id: Id,
    on: Option<Date>,
    left: i64,
    text: &'a str,
}

/// The oldest open invoice of that amount, else the oldest ones until the money is used up.
pub fn exact_or_oldest(case: &Case) -> Placed {
    walk(case, |claims, money, placed| {
        pay_equal(claims, money, placed);
        let on = money.on;
        for claim in claims.iter_mut().filter(|claim| claim.issued_on <= on) {
            pay(claim, money, placed);
        }
    })
}

/// The invoices that the text names, number by number as a regular expression finds them, else the oldest of that amount.
pub fn reference_or_exact(case: &Case) -> Placed {
    walk(case, |claims, money, placed| {
        let words = words(money.text);
        for claim in claims.iter_mut().filter(|claim| !claim.numbers.is_disjoint(&words)) {
            pay(claim, money, placed);
        }
        if !placed.contains_key(&money.id) {
            pay_equal(claims, money, placed);
        }
    })
}

fn walk(case: &Case, place: impl Fn(&mut [Claim], &mut Money<'_>, &mut Placed)) -> Placed {
    let booked = || case.documents.iter().filter(|document| document.role == Role::Booked && document.is_live());
    let of_kind = |kind: FactKind| booked().filter(move |document| document.kind == kind);
    let mut claims: Vec<Claim> = of_kind(FactKind::Invoice).map(claim).collect();
    claims.sort_by_key(|claim| (claim.issued_on, claim.id));
    let mut money: Vec<Money<'_>> = of_kind(FactKind::Payment).chain(of_kind(FactKind::Bill)).map(money).collect();
    money.sort_by_key(|money| (money.on, money.id));
    let mut placed = Placed::new();
    for money in &mut money {
        place(&mut claims, money, &mut placed);
    }
    placed
}

fn claim(document: &Document) -> Claim {
    let mut numbers = BTreeSet::from([document.number.to_string()]);
    for field in ["order_no", "shipment_no"] {
        numbers.extend(document.lines.iter().filter_map(|line| line.fields.text(field)).map(str::to_owned));
    }
    let open = document.gross().unwrap_or_default().0;
    Claim { id: document.id, issued_on: document.effective_on(), open, numbers }
}

fn money(document: &Document) -> Money<'_> {
    let left = document.gross().unwrap_or_default().0;
    let text = document.fields.text("text").unwrap_or_default();
    Money { id: document.id, on: document.effective_on(), left, text }
}

fn pay_equal(claims: &mut [Claim], money: &mut Money<'_>, placed: &mut Placed) {
    let equal = claims.iter_mut().find(|claim| claim.open == money.left && claim.issued_on <= money.on);
    if let Some(claim) = equal {
        pay(claim, money, placed);
    }
}

fn pay(claim: &mut Claim, money: &mut Money<'_>, placed: &mut Placed) {
    let amount = claim.open.min(money.left);
    if amount > 0 {
        claim.open -= amount;
        money.left -= amount;
        *placed.entry(money.id).or_default().entry(claim.id).or_default() += amount;
    }
}

/// `[A-Z]+[0-9]+`, as often as it occurs.
fn words(text: &str) -> BTreeSet<String> {
    let alphanumeric = text.split(|letter: char| !letter.is_ascii_uppercase() && !letter.is_ascii_digit());
    alphanumeric.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
