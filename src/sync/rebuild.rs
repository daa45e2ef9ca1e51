//! The ledger once more from what came in: every stored version of every record, mapped as it was, applied to an empty
//! store.
//!
//! Why it takes the way of every page (`Store::apply`): a second way of folding would prove nothing about the first. It
//! must not know what is compared afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use super::page::outcome;
use super::{Feed, native};
use crate::domain::Hash;
use crate::mapping::Mapping;
use crate::store::{ApplyBatch, Counts, Outcome, RawReader, ReplayPage, Store, StoreError, StreamId};

/// What was replayed, and what could not be.
#[derive(Debug, Default)]
pub struct Replay {
    pub versions: u64,
    /// Each stream or mapping is named once.
    pub problems: Vec<String>,
}

impl Replay {
    fn tell(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Applies everything that `reader` holds to `scratch`, in an order of its own; the caller settles afterwards.
pub async fn replay(reader: &mut RawReader, feeds: &[Feed], scratch: &Store) -> Result<Replay, StoreError> {
    let mut done = Replay::default();
    let mut mappings = Mappings::default();
    while let Some(pages) = reader.next_pages().await? {
        for page in pages {
            let Some(text) = mappings.text(reader, page.mapping).await? else {
                done.tell(format!("没有存下映射 {} 的文本 · the text of this mapping was not stored", page.mapping));
                continue;
            };
            match speaker(&page, &text, feeds, &mut mappings) {
                Ok(speaker) => {
                    done.versions += page.raw.len() as u64;
                    scratch.apply(batch(page, text, speaker)).await?;
                }
                Err(problem) => done.tell(problem),
            }
        }
    }
    Ok(done)
}

/// As whom a page's stream speaks, and what its records say.
struct Speaker {
    rank: u32,
    books: bool,
    records: Vec<(usize, Outcome)>,
}

fn speaker(page: &ReplayPage, text: &str, feeds: &[Feed], mappings: &mut Mappings) -> Result<Speaker, String> {
    if page.mapping == native::mapping() {
        let records = page.raw.iter().enumerate().map(|(index, record)| (index, native::outcome(record.payload)));
        return Ok(Speaker { rank: native::RANK, books: true, records: records.collect() });
    }
    let StreamId { source, stream } = &page.stream;
    let feed = feeds.iter().find(|feed| feed.id == page.stream).ok_or_else(|| {
        format!(
            "{source}/{stream}: 配置里没有这个来源，无从重放 · is not configured, so its records cannot be replayed"
        )
    })?;
    let mapping = mappings.parsed(page.mapping, text).map_err(|problem| {
        format!(
            "{source}/{stream}: 本版本读不懂当时的映射 · the mapping of then cannot be read by this version: {problem}"
        )
    })?;
    let plan = mapping.plan(&page.raw.shape, &feed.context).map_err(|error| {
        format!("{source}/{stream}: 映射与记录不符 · the mapping does not fit the records: {error}")
    })?;
    let records = page.raw.iter().enumerate().map(|(index, record)| (index, outcome(plan.map(record)))).collect();
    Ok(Speaker { rank: feed.rank, books: feed.books, records })
}

fn batch(page: ReplayPage, text: Arc<str>, speaker: Speaker) -> ApplyBatch {
    ApplyBatch {
        stream: page.stream,
        book: page.book,
        personal: page.personal,
        rank: speaker.rank,
        books: speaker.books,
        mapping: page.mapping,
        mapping_text: text,
        raw: page.raw,
        records: speaker.records,
        counted: Counts::default(),
        progress: None,
    }
}

/// Stored mappings that were met already.
#[derive(Default)]
struct Mappings {
    texts: HashMap<Hash, Arc<str>>,
    parsed: HashMap<Hash, Result<Mapping, String>>,
}

impl Mappings {
    async fn text(&mut self, reader: &mut RawReader, id: Hash) -> Result<Option<Arc<str>>, StoreError> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(Some(Arc::clone(text)));
        }
        let Some(text) = reader.mapping_text(id).await? else { return Ok(None) };
        let text: Arc<str> = text.into();
        self.texts.insert(id, Arc::clone(&text));
        Ok(Some(text))
    }

    fn parsed(&mut self, id: Hash, text: &str) -> Result<Mapping, String> {
        let parse = || {
            let tell = |mistakes: Vec<crate::diagnostic::Diagnostic>| {
                mistakes.first().map(|first| first.render(text)).unwrap_or_default()
            };
            Mapping::parse(&format!("mapping {id}"), text).map_err(tell)
        };
        self.parsed.entry(id).or_insert_with(parse).clone()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan as _};

    use super::*;
    use crate::domain::{Amount, Fact, SimClock, Value};
    use crate::ledger::BookPolicy;
    use crate::store::tests::company::{START, date, invoice, open, receipt, settle, shipment, tamper, with};
    use crate::store::tests::database::databases;
    use crate::store::{Comparison, Difference, StoreSettings};

    async fn rebuilt(store: &Store) -> Comparison {
        let folder = tempfile::tempdir().unwrap();
        let scratch = store.scratch(&folder.path().join("scratch.db")).await.unwrap();
        let mut reader = store.raw_reader(None).await.unwrap();
        assert_eq!(reader.waiting().await.unwrap(), 0);
        let replay = replay(&mut reader, &[], &scratch).await.unwrap();
        assert!(replay.problems.is_empty(), "{:?}", replay.problems);
        settle(&scratch).await;
        reader.compare(&scratch).await.unwrap()
    }

    /// Shipped, billed, paid in part, corrected, taken back.
    async fn a_few_months(store: &Store) {
        let pages: [Vec<Fact>; 6] = [
            vec![shipment("S1", "C1", "2026-01-05", 100), shipment("S2", "C1", "2026-01-07", 40)],
            vec![invoice("AR1", "C1", "2026-01-31", 140)],
            vec![receipt("R1", Some("C1"), "2026-02-20", 70), receipt("R2", None, "2026-02-21", 11)],
            vec![shipment("S1", "C1", "2026-01-05", 90)],
            vec![with(receipt("R1", Some("C1"), "2026-02-20", 70), "status", Value::text("void"))],
            vec![receipt("R1", Some("C1"), "2026-02-22", 60)],
        ];
        for (second, facts) in pages.into_iter().enumerate() {
            let now = Timestamp::from_second(second as i64 + 1).unwrap();
            native::state(store, now, facts).await.unwrap();
            settle(store).await;
        }
    }

    #[tokio::test]
    async fn what_is_made_from_the_raw_records_again_equals_what_is_stored() {
        for database in databases().await {
            let store = open(&database).await;
            a_few_months(&store).await;
            let comparison = rebuilt(&store).await;
            assert_eq!((comparison.count, comparison.documents), (0, 5), "{:#?}", comparison.differences);
            assert!(comparison.balances > 5, "{comparison:?}");
        }
    }

    #[tokio::test]
    async fn whatever_was_changed_behind_our_back_is_found_and_named() {
        let half: &str = "UPDATE contribution SET body = replace(body, '\"90\"', '\"45\"') WHERE body LIKE '%\"90\"%'";
        let tampers = [
            (half, "单据 document", "shipment S1 (sz)", "gross (line 1)"),
            ("UPDATE document SET gross = gross + 1 WHERE number = 'S2'", "单据 document", "shipment S2 (sz)", "gross"),
            ("UPDATE document SET role = 2 WHERE number = 'AR1'", "单据 document", "invoice AR1 (sz)", ""),
            ("UPDATE open_item SET open = open - 1000000", "未清项 open item", "sz AR1 CNY", "open"),
            ("DELETE FROM allocation", "核销 allocation", "sz R1 AR1", ""),
            ("DELETE FROM unplaced", "待认领 unidentified money", "sz R2", ""),
            ("UPDATE record_head SET outcome = 1 WHERE record_key = 'S1'", "版本 record version", "S1", "outcome"),
            ("UPDATE transfer SET amount = amount - 1 WHERE batch = 1", "余额 balance", "2026-01-05", "moved"),
        ];
        for (sql, what, which, field) in tampers {
            for database in databases().await {
                let store = open(&database).await;
                a_few_months(&store).await;
                tamper(&store, sql, Vec::new()).await;
                let found = rebuilt(&store).await.differences;
                let named = |difference: &Difference| {
                    difference.what == what && difference.which.contains(which) && difference.field == field
                };
                assert!(found.iter().any(named), "{sql}: {found:#?}");
            }
        }
        assert_eq!(Amount::units(1).0, 1_000_000, "the statements above write micros");
    }

    #[tokio::test]
    async fn the_ledger_of_an_instant_is_made_from_what_had_come_in_by_then() {
        for database in databases().await {
            let clock = Arc::new(SimClock::new(START.parse::<Timestamp>().unwrap()));
            let policies: crate::store::Policies = Arc::new(|_| BookPolicy::default());
            let settings = StoreSettings { url: database.url.clone(), clock: clock.clone(), policies };
            let store = Store::open(&settings).await.unwrap();
            let first = START.parse::<Timestamp>().unwrap();
            native::state(&store, first, vec![shipment("S1", "C1", "2026-01-05", 100)]).await.unwrap();
            clock.advance_to(first + 2.hours());
            native::state(&store, first + 2.hours(), vec![shipment("S1", "C1", "2026-01-05", 90)]).await.unwrap();
            for (known_at, open) in [(None, 90), (Some(first + 1.hours()), 100)] {
                let folder = tempfile::tempdir().unwrap();
                let scratch = store.scratch(&folder.path().join("scratch.db")).await.unwrap();
                let mut reader = store.raw_reader(known_at).await.unwrap();
                replay(&mut reader, &[], &scratch).await.unwrap();
                settle(&scratch).await;
                let aging = scratch.aging(None, &|_| date("2026-03-31")).await.unwrap();
                assert_eq!(aging[0].open, Amount::units(open), "{known_at:?}");
            }
            let mut nothing = store.raw_reader(Some(first - 1.hours())).await.unwrap();
            assert!(nothing.next_pages().await.unwrap().unwrap().is_empty());
        }
    }
}
