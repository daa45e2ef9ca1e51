//! What came out, in the words of a case file: one line an item, an allocation, a leftover, a balance.
//!
//! Why text: what finance wrote is compared with what people would read, and a difference shows as a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::Date;

use super::read::Case;
use crate::domain::{Amount, Currency, Id};
use crate::ledger::{Account, Allocation, Due, Leftover, OpenItem, OpenItemKind, Posting};

/// Lines by the name that they have in `[expect]`: `C1.items`, `balances`.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome(pub BTreeMap<String, BTreeSet<String>>);

/// An allocation as far as a case says something about it.
#[derive(Debug)]
pub struct Placed {
    pub from: Id,
    pub item: Id,
    /// `from -> item`, the rung and the date are shown around it.
    pub amount: Amount,
    pub tolerated: Amount,
    pub rung: String,
    pub effective_on: String,
}

impl Placed {
    pub fn of(allocation: &Allocation) -> Self {
        Self {
            from: allocation.from,
            item: allocation.item,
            amount: allocation.amount,
            tolerated: allocation.tolerated,
            rung: allocation.rung.name().to_owned(),
            effective_on: allocation.effective_on.to_string(),
        }
    }
}

/// One customer in one currency, settled.
#[derive(Debug)]
pub struct Settled {
    pub items: Vec<OpenItem>,
    pub placed: Vec<Placed>,
    pub leftovers: Vec<Leftover>,
}

/// What was posted to each account on each day, debit positive.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<(Account, Currency, Date), i64>);

impl Ledger {
    pub fn post(&mut self, postings: &[Posting]) {
        for posting in postings {
            for (account, amount) in [(posting.debit, posting.amount.0), (posting.credit, -posting.amount.0)] {
                *self.0.entry((account, posting.currency, posting.effective_on)).or_default() += amount;
            }
        }
    }

    /// `account customer order amount`, what is zero left out; another currency than CNY is named. At the end of the day
    /// `until`, or when all is posted.
    fn balances(&self, case: &Case, until: Option<Date>) -> BTreeSet<String> {
        let mut balances: BTreeMap<(Account, Currency), i64> = BTreeMap::new();
        for ((account, currency, on), amount) in &self.0 {
            if until.is_none_or(|until| *on <= until) {
                *balances.entry((*account, *currency)).or_default() += amount;
            }
        }
        let line = |((account, currency), sum): (&(Account, Currency), &i64)| {
            let mut line = account.kind.name().to_owned();
            for owner in [account.party, account.order].into_iter().flatten() {
                write!(line, " {}", case.numbers[&owner]).unwrap();
            }
            if *currency != Currency::CNY {
                write!(line, " {currency}").unwrap();
            }
            (*sum != 0).then(|| format!("{line} {}", Amount(*sum).plain(*currency)))
        };
        balances.iter().filter_map(line).collect()
    }
}

impl Outcome {
    /// `settled` is in the order of the case's subjects.
    pub fn of(case: &Case, settled: &[Settled], ledger: &Ledger) -> Self {
        let days = case.balances_on.iter().map(|(name, until)| (name.clone(), ledger.balances(case, *until)));
        let mut lines: BTreeMap<String, BTreeSet<String>> = days.collect();
        for (subject, settled) in case.subjects.iter().zip(settled) {
            let number = |id: Id| settled.number(case, id);
            let plain = |amount: Amount| amount.plain(subject.currency);
            let placed = settled.placed.iter().map(|placed| {
                let tolerated = match placed.tolerated {
                    Amount::ZERO => String::new(),
                    tolerated => format!(" + {} tolerated", plain(tolerated)),
                };
                let (from, item, amount) = (number(placed.from), number(placed.item), plain(placed.amount));
                format!("{from} -> {item} {amount}{tolerated} {} {}", placed.rung, placed.effective_on)
            });
            let left = |left: &Leftover| format!("{} {}", number(left.payment), plain(left.amount));
            let mut set = |name: &str, set: BTreeSet<String>| lines.insert(format!("{}.{name}", subject.label), set);
            set(
                "items",
                settled.items.iter().map(|item| item_line(item, &number(item.id), subject.currency)).collect(),
            );
            set("allocations", placed.collect());
            set("leftovers", settled.leftovers.iter().map(left).collect());
        }
        Self(lines)
    }

    /// What is missing (`-`) and what came instead (`+`).
    pub fn compared_with(&self, expected: &Self) -> String {
        let mut text = String::new();
        let names: BTreeSet<&String> = self.0.keys().chain(expected.0.keys()).collect();
        let none = BTreeSet::new();
        for name in names {
            let (found, wanted) = (self.0.get(name).unwrap_or(&none), expected.0.get(name).unwrap_or(&none));
            for (sign, only) in [('-', wanted.difference(found)), ('+', found.difference(wanted))] {
                for line in only {
                    writeln!(text, "{sign} {name}: {line}").unwrap();
                }
            }
        }
        text
    }
}

impl Settled {
    fn number(&self, case: &Case, id: Id) -> String {
        let item = self.items.iter().find(|item| item.id == id);
        let of_item = |item: &OpenItem| match item.kind {
            OpenItemKind::Invoice => item.number.to_string(),
            OpenItemKind::Unbilled => format!("{}(unbilled)", item.number),
        };
        case.numbers.get(&id).cloned().or(item.map(of_item)).unwrap_or_else(|| id.to_string())
    }
}

fn item_line(item: &OpenItem, number: &str, currency: Currency) -> String {
    let due = match item.due {
        Due::On(on) => format!("due {on}"),
        Due::Expected { on, missing } => format!("expected {on} ({missing})"),
    };
    let disputed = if item.disputed { " disputed" } else { "" };
    format!("{number} {} open {} {due}{disputed}", item.gross.plain(currency), item.open.plain(currency))
}
