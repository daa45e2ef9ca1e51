//! In which pages the records of a world are told, and when the ledger settles between them.

use super::generate::{STREAMS, Sighting};
use crate::sim::rng::Rng;
use crate::store::StreamId;
use crate::store::tests::company::Page;

pub struct Step {
    pub page: Page,
    /// How often the ledger settles a part of what is dirty after this page.
    pub settlements: u64,
}

pub struct Telling {
    pub steps: Vec<Step>,
    /// How much one settlement takes at most.
    pub limit: usize,
}

/// More than everything.
const NO_LIMIT: usize = 1_000;
/// A world is cut into so many parts before each part is cut into the pages of its streams: mostly few, so that the test
/// is quick, at times so many that a page has a few records.
const PARTS: &[usize] = &[1, 2, 2, 3, 3, 3, 3, 20];
const REPEATED_PER_MILLE: u32 = 120;

impl Telling {
    /// Stream by stream, everything before the first settlement.
    pub fn plain(sightings: &[Sighting]) -> Self {
        let all: Vec<&Sighting> = sightings.iter().collect();
        let steps = pages(&all).into_iter().map(|page| Step { page, settlements: 0 });
        Self { steps: steps.collect(), limit: NO_LIMIT }
    }

    pub fn shuffled(sightings: &[Sighting], rng: &mut Rng) -> Self {
        let mut all: Vec<&Sighting> = sightings.iter().collect();
        all.extend(sightings.iter().filter(|_| rng.chance(REPEATED_PER_MILLE)));
        shuffle(&mut all, rng);
        let part = all.len().div_ceil(*rng.pick(PARTS));
        let mut steps = Vec::new();
        for part in all.chunks(part.max(1)) {
            let mut pages = pages(part);
            shuffle(&mut pages, rng);
            for page in pages {
                let settlements = if rng.chance(300) { 1 + rng.below(4) } else { 0 };
                steps.push(Step { page, settlements });
            }
        }
        Self { steps, limit: *rng.pick(&[3, 20, NO_LIMIT]) }
    }
}

/// A page is of one stream and one instant.
fn pages(sightings: &[&Sighting]) -> Vec<Page> {
    let mut pages: std::collections::BTreeMap<(usize, i64), Page> = std::collections::BTreeMap::new();
    for sighting in sightings {
        let page = pages.entry((sighting.stream, sighting.observed_at)).or_insert_with(|| {
            let stream = &STREAMS[sighting.stream];
            let id = StreamId::new(stream.source, stream.name);
            Page {
                stream: id,
                book: stream.book,
                rank: stream.rank,
                books: stream.books,
                ..Page::of("", sighting.observed_at)
            }
        });
        page.records.push((sighting.key.clone(), sighting.version.clone(), sighting.outcome.clone()));
    }
    pages.into_values().collect()
}

fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for index in (1..items.len()).rev() {
        items.swap(index, rng.below(index as u64 + 1) as usize);
    }
}
