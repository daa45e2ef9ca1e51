//! A document is the fold of its contributions: one contribution a record, a fixed field precedence.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;

use crate::domain::{Amount, Currency, Fact, FactKind, FieldMap, Id, Line};

/// What one record says about one document, with what the fold needs to know about where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Id of the record (source, stream, record key); breaks ties, so it must not depend on arrival.
    pub record: Id,
    /// Position of the stream in the configured precedence; the smaller wins a contested field.
    pub rank: u32,
    /// Whether the stream is the booking authority for this kind in this book; otherwise it is evidence.
    pub books: bool,
    pub fact: Fact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// At least one contribution comes from the booking authority.
    Booked,
    /// Only evidence streams know it: a bank line that finance has not booked yet.
    Evidence,
    /// Nobody contributes any more, or only references have been seen.
    Stub,
}

/// A folded document or party key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: Id,
    pub kind: FactKind,
    pub book: Box<str>,
    pub numbering: Box<str>,
    pub number: Box<str>,
    pub role: Role,
    pub fields: FieldMap,
    pub lines: Vec<Line>,
}

impl Document {
    pub fn party(&self) -> Option<Id> {
        if self.kind == FactKind::Party { Some(self.id) } else { self.fields.reference("customer") }
    }

    pub fn currency(&self) -> Option<Currency> {
        self.fields.currency("currency")
    }

    pub fn status(&self) -> &str {
        self.fields.text("status").unwrap_or("active")
    }

    /// Whether it counts: neither a draft nor void nor a mere stub.
    pub fn is_live(&self) -> bool {
        self.role != Role::Stub && !matches!(self.status(), "draft" | "void")
    }

    /// The civil date that its postings carry.
    pub fn effective_on(&self) -> Option<Date> {
        let field = match self.kind {
            FactKind::Order => "ordered_on",
            FactKind::Shipment => "shipped_on",
            FactKind::Invoice => "invoiced_on",
            FactKind::Payment => "paid_on",
            FactKind::Bill => "received_on",
            FactKind::Return => "returned_on",
            FactKind::Adjustment => "adjusted_on",
            FactKind::Settlement => "settled_on",
            FactKind::Quote => "quoted_on",
            FactKind::Contract => "signed_on",
            _ => return None,
        };
        self.fields.date(field)
    }

    /// The header total, else the sum of the lines; `None` on overflow or when neither is there.
    pub fn gross(&self) -> Option<Amount> {
        if let Some(total) = self.fields.amount("gross") {
            return Some(total);
        }
        if self.lines.is_empty() {
            return None;
        }
        Amount::sum(self.lines.iter().filter_map(|line| line.fields.amount("gross"))).ok()
    }

    /// Every party key whose settlement depends on this document: the header's and the lines'.
    pub fn parties(&self) -> Vec<Id> {
        let mut parties: Vec<Id> = self
            .party()
            .into_iter()
            .chain(self.lines.iter().filter_map(|line| line.fields.reference("customer")))
            .collect();
        parties.sort_unstable();
        parties.dedup();
        parties
    }
}

/// Folds all current contributions to one document; they may come in any order. `None` when there are none.
///
/// A field's value comes from the contribution with the smallest `(rank, record)` that has an opinion on it; a line with
/// the same key is folded the same way; lines are sorted by key (numerically where both keys are numbers).
pub fn fold(contributions: &[Contribution]) -> Option<Document> {
    let mut sorted: Vec<&Contribution> = contributions.iter().collect();
    sorted.sort_by_key(|contribution| (contribution.rank, contribution.record));
    let first = &sorted.first()?.fact;
    let mut fields = FieldMap::default();
    let mut lines: Vec<Line> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for contribution in &sorted {
        merge(&mut fields, &contribution.fact.fields);
        for line in &contribution.fact.lines {
            match known.entry(&line.key) {
                Entry::Occupied(index) => merge(&mut lines[*index.get()].fields, &line.fields),
                Entry::Vacant(place) => {
                    place.insert(lines.len());
                    lines.push(line.clone());
                }
            }
        }
    }
    lines.sort_by(|a, b| line_order(&a.key).cmp(&line_order(&b.key)));
    let role = if sorted.iter().any(|contribution| contribution.books) { Role::Booked } else { Role::Evidence };
    Some(Document {
        id: first.id(),
        kind: first.kind,
        book: first.book.clone(),
        numbering: first.numbering.clone(),
        number: first.number.clone(),
        role,
        fields,
        lines,
    })
}

fn merge(into: &mut FieldMap, from: &FieldMap) {
    for (name, value) in from.iter() {
        if into.get(name).is_none() {
            into.set(name.to_owned(), value.clone());
        }
    }
}

fn line_order(key: &str) -> (u64, &str) {
    (key.parse().unwrap_or(u64::MAX), key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Value;
    use proptest::prelude::*;

    fn contribution(
        record: u8,
        rank: u32,
        books: bool,
        fields: &[(&'static str, &str)],
        lines: &[&str],
    ) -> Contribution {
        let map = |fields: &[(&'static str, &str)]| -> FieldMap {
            fields.iter().map(|(name, text)| ((*name).into(), Value::text(*text))).collect()
        };
        let line = |key: &&str| Line { key: (*key).into(), fields: map(&[("note", &format!("{key} of {record}"))]) };
        Contribution {
            record: Id([record; 16]),
            rank,
            books,
            fact: Fact {
                kind: FactKind::Shipment,
                book: "sz".into(),
                numbering: "erp".into(),
                number: "XS1".into(),
                fields: map(fields),
                lines: lines.iter().map(line).collect(),
            },
        }
    }

    #[test]
    fn the_best_rank_with_an_opinion_wins_field_by_field() {
        let erp = contribution(9, 0, true, &[("waybill", "SF1")], &["1"]);
        let warehouse = contribution(1, 1, false, &[("waybill", "SF2"), ("signed_by", "Li")], &["1", "2"]);
        let document = fold(&[warehouse.clone(), erp]).unwrap();
        assert_eq!(document.role, Role::Booked);
        assert_eq!(document.fields.text("waybill"), Some("SF1"));
        assert_eq!(document.fields.text("signed_by"), Some("Li"));
        let notes: Vec<_> = document.lines.iter().map(|line| line.fields.text("note").unwrap()).collect();
        assert_eq!(notes, ["1 of 9", "2 of 1"]);
        assert_eq!(fold(&[warehouse]).unwrap().role, Role::Evidence);
        assert_eq!(fold(&[]), None);
    }

    #[test]
    fn known_to_be_empty_is_an_opinion_and_absent_is_none() {
        let mut erp = contribution(1, 0, true, &[], &[]);
        erp.fact.fields.set("waybill", Value::Null);
        let warehouse = contribution(2, 1, false, &[("waybill", "SF2"), ("salesperson", "S1")], &[]);
        let document = fold(&[warehouse, erp]).unwrap();
        assert_eq!(document.fields.get("waybill"), Some(&Value::Null));
        assert_eq!(document.fields.text("salesperson"), Some("S1"));
    }

    #[test]
    fn lines_stand_in_the_order_of_their_numbers() {
        let document = fold(&[contribution(1, 0, true, &[], &["10", "9", "B", "A", "100"])]).unwrap();
        let keys: Vec<&str> = document.lines.iter().map(|line| &*line.key).collect();
        assert_eq!(keys, ["9", "10", "100", "A", "B"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn contributions_in_any_order_and_twice_fold_to_the_same_document(
            rows in prop::collection::vec((0..3_u32, any::<bool>(), 0..4_usize, 0..4_usize), 1..6),
            turns in 0..6_usize,
        ) {
            let texts = ["a", "b", "c", "d"];
            let contributions: Vec<Contribution> = rows.iter().enumerate().map(|(index, (rank, books, first, last))| {
                let fields = [("waybill", texts[*first]), ("salesperson", texts[*last])];
                contribution(index as u8, *rank, *books, &fields[..1 + first % 2], &["1", "2", "3"][..*last % 4])
            }).collect();
            let folded = fold(&contributions);
            let mut other = contributions;
            let middle = turns % other.len();
            other.rotate_left(middle);
            other.extend(other.clone());
            other.reverse();
            prop_assert_eq!(folded, fold(&other));
        }
    }
}
