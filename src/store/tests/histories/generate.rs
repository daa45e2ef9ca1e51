//! The records of one made-up history: documents of every kind in two books and three currencies, each told by one or two
//! records in one or more versions.

use super::documents::Maker;
use crate::domain::{Amount, Fact, FactKind, Line, Value, fact};
use crate::sim::rng::Rng;
use crate::store::tests::company::date;
use crate::store::{Outcome, Problem};

/// Who tells. The first that books is the ERP; `old` is the system before it, which still books; `second` is the bank, the
/// warehouse and the tax platform: evidence.
pub struct Stream {
    pub source: &'static str,
    pub name: &'static str,
    pub book: &'static str,
    pub rank: u32,
    pub books: bool,
}

const fn stream(source: &'static str, book: &'static str, rank: u32, books: bool) -> Stream {
    Stream { source, name: "all", book, rank, books }
}

pub const STREAMS: &[Stream] = &[
    stream("erp-sz", "sz", 0, true),
    stream("second-sz", "sz", 1, false),
    stream("old-sz", "sz", 2, true),
    stream("people-sz", "sz", 3, true),
    stream("erp-hk", "hk", 0, true),
    stream("second-hk", "hk", 1, false),
    stream("old-hk", "hk", 2, true),
    stream("people-hk", "hk", 3, true),
];
const STREAMS_OF_BOOK: usize = 4;
pub const ERP: usize = 0;
pub const SECOND: usize = 1;
pub const OLD: usize = 2;
pub const PEOPLE: usize = 3;

/// A record as it was seen once.
#[derive(Debug, Clone)]
pub struct Sighting {
    pub stream: usize,
    pub key: String,
    pub version: Option<String>,
    pub observed_at: i64,
    pub outcome: Outcome,
}

const DOCUMENTS_MIN: i64 = 30;
const DOCUMENTS_MAX: i64 = 80;
/// Three, so that a content is seen before another one and again after it.
const LAST_INSTANT: i64 = 3;

/// `place` is where the history stands in its world: its customers, numbers and year are its own.
pub fn history(seed: u64, place: u64) -> Vec<Sighting> {
    let mut history = History { told: Vec::new(), record: 0, place };
    let mut maker = Maker::new(Rng::new(seed), place);
    let documents = maker.rng.between(DOCUMENTS_MIN, DOCUMENTS_MAX);
    for _ in 0..documents {
        let book = maker.rng.below(2) as usize;
        for (system, facts) in maker.event(STREAMS[book * STREAMS_OF_BOOK].book) {
            let stream = book * STREAMS_OF_BOOK + system;
            history.record(&mut maker.rng, stream, facts.clone());
            let is_told_again = system == ERP && maker.rng.chance(200);
            if is_told_again {
                let told_by = book * STREAMS_OF_BOOK + *maker.rng.pick(&[SECOND, OLD]);
                let facts = facts.iter().map(|fact| revised(&mut maker.rng, fact)).collect();
                history.record(&mut maker.rng, told_by, facts);
            }
        }
    }
    history.told
}

struct History {
    told: Vec<Sighting>,
    record: u32,
    place: u64,
}

/// How the source numbers the versions of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// Every version has its own word.
    Own,
    /// None: the instant decides.
    None,
    /// A source that changes content and keeps the version's word.
    Same,
}

impl History {
    /// One record with all its versions.
    fn record(&mut self, rng: &mut Rng, stream: usize, facts: Vec<Fact>) {
        self.record += 1;
        let key = format!("{}-{:04}", self.place, self.record);
        let numbering = *rng.pick(&[Numbering::Own, Numbering::Own, Numbering::Own, Numbering::None, Numbering::Same]);
        // People decide once.
        let versions = if stream % STREAMS_OF_BOOK == PEOPLE { 1 } else { *rng.pick(&[1, 1, 1, 2, 2, 3, 4]) };
        let mut said = facts;
        for number in 1..=versions {
            let outcome = outcome(rng, &said);
            let version = match numbering {
                Numbering::Own => Some(format!("v{number}")),
                Numbering::None => None,
                Numbering::Same => Some("v1".to_owned()),
            };
            let observed_at = rng.between(1, LAST_INSTANT);
            let sighting = Sighting { stream, key: key.clone(), version, observed_at, outcome };
            let is_seen_again = rng.chance(300);
            if is_seen_again {
                self.told.push(Sighting { observed_at: rng.between(1, LAST_INSTANT), ..sighting.clone() });
            }
            self.told.push(sighting);
            said = said.iter().map(|fact| revised(rng, fact)).collect();
        }
    }
}

/// What mapping makes of a version: nearly always its facts, at times fewer or none.
fn outcome(rng: &mut Rng, facts: &[Fact]) -> Outcome {
    match rng.below(40) {
        0 => Outcome::Ignored("filtered".into()),
        1 => {
            let (field, value) = ("shipped_on".into(), "20260230".into());
            Outcome::Quarantined(Problem { field, value, reason: "no such day".into(), at: None })
        }
        2 => Outcome::Facts(facts[..facts.len() - 1].to_vec()),
        _ => Outcome::Facts(facts.to_vec()),
    }
}

/// Words for the state of a document: counting ones first, then un-approved, then withdrawn.
const fn states(kind: FactKind) -> &'static [&'static str] {
    match kind {
        FactKind::Shipment => &["shipped", "shipped", "draft", "void"],
        FactKind::Statement => &["sent", "confirmed", "disputed", "draft", "void"],
        FactKind::Bill => &["held", "matured", "discounted", "endorsed", "dishonoured", "draft", "void"],
        FactKind::Party => &["active", "blocked"],
        FactKind::Order => &["active", "closed", "draft", "void"],
        _ => &["active", "active", "draft", "void"],
    }
}

/// The same document as somebody else, or the same system later, tells it.
fn revised(rng: &mut Rng, fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    for _ in 0..=rng.below(2) {
        revise(rng, &mut fact);
    }
    fact
}

fn revise(rng: &mut Rng, fact: &mut Fact) {
    match rng.below(24) {
        0..=3 if fact.kind != FactKind::Message => fact.fields.set("status", Value::text(*rng.pick(states(fact.kind)))),
        4..=7 => change_gross(rng, fact),
        8..=11 => move_date(rng, fact),
        12..=14 if fact.lines.len() > 1 => drop(fact.lines.pop()),
        15..=17 => fact.fields.set("salesperson", Value::text(*rng.pick(&["S01", "S02"]))),
        // Told again without a change, or with an opinion less.
        18 => fact.fields.remove("salesperson"),
        // It cannot be posted unless somebody else says in what currency it is.
        19..=20 => fact.fields.remove("currency"),
        // Half a cent can never be posted.
        21 => set_gross(fact, Amount(5_000)),
        22 => {
            fact.fields.set("status", Value::text("void"));
            fact.fields.remove("gross");
        }
        // More than a payment has to share out, if it has lines.
        23 if fact.kind == FactKind::Payment => set_gross(fact, Amount::units(1)),
        _ => {}
    }
}

/// In the header, or where a document has its amounts in its lines alone, in the first of these.
fn set_gross(fact: &mut Fact, gross: Amount) {
    let has_total = fact::spec(fact.kind).field("gross").is_some();
    let fields = if has_total { Some(&mut fact.fields) } else { fact.lines.first_mut().map(|line| &mut line.fields) };
    fields.into_iter().for_each(|fields| fields.set("gross", Value::Amount(gross)));
}

fn change_gross(rng: &mut Rng, fact: &mut Fact) {
    // A payment's lines must not add up to more than its header, so both grow or shrink alike.
    let percent = *rng.pick(&[50, 150, 200]);
    let scaled = |amount: Amount| Amount(amount.0 / 20_000 * 10_000 * percent / 50);
    let scale = |fields: &mut crate::domain::FieldMap| {
        if let Some(gross) = fields.amount("gross") {
            fields.set("gross", Value::Amount(scaled(gross)));
        }
    };
    scale(&mut fact.fields);
    fact.lines.iter_mut().for_each(|line: &mut Line| scale(&mut line.fields));
}

fn move_date(rng: &mut Rng, fact: &mut Fact) {
    let dates = ["shipped_on", "invoiced_on", "paid_on", "returned_on", "adjusted_on", "received_on", "ordered_on"];
    for name in dates {
        if let Some(known) = fact.fields.date(name) {
            let moved = date(&format!("{}-{:02}-{:02}", known.year(), known.month(), rng.between(1, 28)));
            fact.fields.set(name, Value::Date(moved));
        }
    }
}
