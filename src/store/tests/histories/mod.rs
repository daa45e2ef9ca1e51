//! Order does not matter: any permutation, repetition, split and delay of the same records ends in the same ledger.
//!
//! Many histories of small companies are told together, so that they share pages as real records do, and because what a
//! page costs is mostly its statements, however many records it has. They have no customer and no number in common; those
//! of the first year of each world cross the books' cutover. One world is told twice: stream by stream, and shuffled, with
//! repetitions, in many pages, with settlement at any time between them. What both end in ([`state`]) must be equal row by
//! row.
//!
//! Not equal by nature, and not compared: the journal's rows (only their sums, for any effective date), recorded instants,
//! counts, what was mended, and numbers that nobody speaks of any more.

mod deliver;
mod documents;
mod generate;
mod state;

pub use deliver::Telling;
use state::State;

use super::company::{date, open_under, settle};
use super::database::{self, IN_MEMORY, TestDatabase};
use crate::ledger::BookPolicy;
use crate::sim::rng::Rng;
use crate::store::Store;

/// Histories that are told together.
pub const WORLD: u64 = 64;
/// Together 1,728 histories.
const WORLDS_IN_MEMORY: u64 = 27;
/// Together 320 histories.
const WORLDS_ON_SERVER: u64 = 5;
/// What `BIHUAN_TEST_FULL` asks for: 50,048 histories.
const WORLDS_FULL: u64 = 782;
/// As many worlds at once as this; each has a store of its own.
const THREADS: u64 = 2;

/// In the middle of the first year of a world ([`documents`]): what is older posts nothing, or is the opening position.
fn policy() -> BookPolicy {
    BookPolicy { cutover: Some(date("2020-03-28")), ..BookPolicy::default() }
}

/// An empty store after a world was told to it and everything is settled.
pub async fn told(url: &str, telling: &Telling) -> Store {
    let store = open_under(url, policy()).await;
    for step in &telling.steps {
        step.page.apply(&store).await;
        for _ in 0..step.settlements {
            store.settle_dirty(telling.limit).await.unwrap();
        }
    }
    settle(&store).await;
    store
}

async fn ending(url: &str, telling: &Telling) -> State {
    let store = told(url, telling).await;
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    let state = State::of(&store).await;
    store.close().await;
    state
}

/// Two tellings of the histories of one world, by the seed of the world.
pub fn tellings(seed: u64) -> [Telling; 2] {
    let histories = (0..WORLD).map(|place| generate::history(seed * WORLD + place, place));
    let sightings: Vec<generate::Sighting> = histories.flatten().collect();
    [Telling::plain(&sightings), Telling::shuffled(&sightings, &mut Rng::new(seed ^ 0x7e11))]
}

/// Panics with the seed and the first differing rows if two tellings of `seed` end differently; the second one is told to
/// `database`, or to memory.
async fn compare(seed: u64, database: Option<TestDatabase>) {
    let [plain, shuffled] = tellings(seed);
    let plain = ending(IN_MEMORY, &plain).await;
    let shuffled = ending(database.as_ref().map_or(IN_MEMORY, |database| &database.url), &shuffled).await;
    let difference = plain.difference(&shuffled);
    assert!(difference.is_empty(), "seed {seed} ends differently:\n{}", difference.join("\n"));
}

/// Compares `count` worlds, or the one that `BIHUAN_TEST_SEED` names.
fn compare_all(count: u64, on_server: bool) {
    let start = std::time::Instant::now();
    let only = std::env::var("BIHUAN_TEST_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = only.map_or(0..count, |seed| seed..seed + 1);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let own = seeds.clone().filter(move |seed| seed % THREADS == thread);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for seed in own {
                    runtime.block_on(async {
                        let database = if on_server { database::on_server().await } else { None };
                        if database.is_some() || !on_server {
                            compare(seed, database).await;
                        }
                    });
                }
            });
        }
    });
    println!("{} histories (server: {on_server}) in {:?}", seeds.count() as u64 * WORLD, start.elapsed());
}

#[test]
fn any_order_repetition_split_and_delay_of_a_history_ends_alike() {
    let full = std::env::var_os("BIHUAN_TEST_FULL").is_some();
    compare_all(if full { WORLDS_FULL } else { WORLDS_IN_MEMORY }, false);
}

#[test]
fn on_the_server_any_telling_of_a_history_ends_where_it_ends_in_the_embedded_database() {
    compare_all(WORLDS_ON_SERVER, true);
}
