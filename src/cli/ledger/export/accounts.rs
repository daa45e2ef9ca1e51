//! Names of accounts, customers and orders in files for other programs: readable, and never the same for two things.
//!
//! A customer is named by its code. Where two party keys of one book share a code (two number ranges), the range is
//! added; a party key that nobody ever described is named by its id. Letters that the other program reads as syntax are
//! escaped so that the escape can be undone.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{FactKind, Id};
use crate::ledger::{Account, AccountKind};
use crate::store::{JournalLine, Name};

pub(super) struct Labels {
    of: HashMap<Id, String>,
    /// Documents that caused the rows at hand.
    pub causes: HashMap<Id, Name>,
    subjects: HashMap<Id, Id>,
}

impl Labels {
    pub fn new(names: HashMap<Id, Name>, wanted: &BTreeSet<Id>, subjects: HashMap<Id, Id>) -> Self {
        let mut holders: HashMap<(FactKind, &str, &str), usize> = HashMap::new();
        for name in names.values() {
            *holders.entry((name.kind, &name.book, &name.number)).or_default() += 1;
        }
        let label = |id: &Id| match names.get(id) {
            Some(name) if holders[&(name.kind, &*name.book, &*name.number)] == 1 => name.number.to_string(),
            Some(name) => format!("{}@{}", name.number, name.numbering),
            None => format!("#{id}"),
        };
        let of = wanted.iter().map(|id| (*id, label(id))).collect();
        Self { of, causes: HashMap::new(), subjects }
    }

    pub fn is_subject(&self, cause: Id) -> bool {
        self.subjects.contains_key(&cause)
    }

    /// The code of a customer or the number of an order.
    pub fn of(&self, id: Id) -> String {
        self.of.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
    }

    /// What happened, and to which document or customer.
    pub fn event(&self, line: &JournalLine) -> (&'static str, String) {
        if let Some(party) = self.subjects.get(&line.cause) {
            return ("核销 settlement", self.of(*party));
        }
        match self.causes.get(&line.cause) {
            Some(name) => (kind_words(name.kind), name.number.to_string()),
            None => ("单据 document", format!("#{}", line.cause)),
        }
    }

    /// The parts of an account's name: what it is, and who owns it.
    pub fn owners(&self, account: &Account) -> impl Iterator<Item = String> {
        [account.party, account.order].into_iter().flatten().map(|id| self.of(id))
    }
}

fn kind_words(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Shipment => "发货 shipment",
        FactKind::Return => "退货 return",
        FactKind::Invoice => "应收 invoice",
        FactKind::Payment => "收款 payment",
        FactKind::Bill => "汇票 bill",
        FactKind::Adjustment => "调整 adjustment",
        FactKind::Statement => "对账 statement",
        FactKind::Decision => "决定 decision",
        _ => "单据 document",
    }
}

/// The five roots of an accounting program; a customer's money that nothing took yet is owed to the customer.
pub(super) const fn root(kind: AccountKind) -> (&'static str, char) {
    match kind {
        AccountKind::Unapplied | AccountKind::Deposit | AccountKind::Unidentified => ("Liabilities", 'L'),
        AccountKind::Sales | AccountKind::Returns => ("Income", 'R'),
        AccountKind::Opening | AccountKind::FxClearing => ("Equity", 'E'),
        kind if kind.is_receivable() => ("Assets", 'A'),
        AccountKind::Bank | AccountKind::BillsHeld | AccountKind::BillsTransferred => ("Assets", 'A'),
        _ => ("Expenses", 'X'),
    }
}

/// Every byte that `is_plain` does not pass is written as `mark` and two hex digits; `mark` itself is never plain.
pub(super) fn escaped(text: &str, mark: char, is_plain: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != mark && is_plain(letter) {
            out.push(letter);
            continue;
        }
        let mut bytes = [0; 4];
        for byte in letter.encode_utf8(&mut bytes).bytes() {
            out.push_str(&format!("{mark}{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(numbering: &str, number: &str) -> Name {
        Name { kind: FactKind::Party, book: "sz".into(), numbering: numbering.into(), number: number.into() }
    }

    #[test]
    fn two_keys_with_one_code_are_told_apart_and_an_unknown_one_has_its_id() {
        let ids = [Id([1; 16]), Id([2; 16]), Id([3; 16]), Id([4; 16])];
        let names =
            HashMap::from([(ids[0], name("erp", "C1")), (ids[1], name("crm", "C1")), (ids[2], name("erp", "C2"))]);
        let labels = Labels::new(names, &ids.into_iter().collect(), HashMap::new());
        assert_eq!(labels.of(ids[0]), "C1@erp");
        assert_eq!(labels.of(ids[1]), "C1@crm");
        assert_eq!(labels.of(ids[2]), "C2");
        assert!(labels.of(ids[3]).starts_with("#0404"));
    }

    #[test]
    fn an_escape_keeps_different_texts_apart() {
        let plain = |letter: char| letter.is_ascii_alphanumeric();
        assert_eq!(escaped("SO-26/01", '-', plain), "SO-2D26-2F01");
        assert_ne!(escaped("A-2F", '-', plain), escaped("A/", '-', plain));
    }
}
