//! Power cuts: killed at every fail point and at ten arbitrary moments, the story ends as if nothing had happened.
//!
//! One company suffers a whole row of kills, one after the other, each a little later in its life: that is how it
//! happens to an operator, and far cheaper than a company a kill. What is compared is everything at the end: each figure
//! of the ledger, each figure of the reminders, and each chat with its recipient, its minute and its words.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use bihuan::failpoint::{FAILPOINTS, VARIABLE};
use bihuan::sim::rng::Rng;
use jiff::Timestamp;
use tempfile::TempDir;

use super::figures::Figures;
use super::office::Office;
use super::program::{Running, on, run};

const CUSTOMERS: usize = 12;
const MONTHS: u32 = 2;
/// Moments at which a run is killed, in milliseconds after its start.
const DELAYS: (i64, i64) = (40, 1_500);
const KILLS_BY_DELAY: usize = 10;
const SEED: u64 = 20_260_105;

/// How a life ends.
#[derive(PartialEq, Eq)]
struct Story {
    figures: Figures,
    chats: BTreeMap<(String, Timestamp, String), u32>,
}

static UNDISTURBED: LazyLock<Story> = LazyLock::new(|| {
    let company = Company::new();
    company.end()
});

struct Company {
    office: Office,
    folder: TempDir,
}

impl Company {
    fn new() -> Self {
        Self { office: Office::open(CUSTOMERS, MONTHS), folder: tempfile::tempdir().unwrap() }
    }

    /// Runs until the process aborts itself at the `nth` visit of a fail point.
    fn die_at(&self, place: &str, nth: u32) {
        let ended = run(self.office.demo(self.folder.path()).env(VARIABLE, format!("{place}:{nth}")));
        assert_eq!(ended.code, None, "{place} was not visited {nth} times: {ended:?}");
    }

    /// Kills after a delay; false when the run had come to its end before.
    fn die_after(&self, delay: Duration) -> bool {
        let ended = Running::start(&mut self.office.demo(self.folder.path())).kill_after(delay);
        assert!(matches!(ended.code, None | Some(0)), "{ended:?}");
        ended.code.is_none()
    }

    /// Runs undisturbed to the end, and looks at everything.
    fn end(&self) -> Story {
        run(&mut self.office.demo(self.folder.path())).json();
        on(self.folder.path(), &["ledger", "verify"]).expect_code(0);
        let figures = Figures::read(on(self.folder.path(), &["status", "--json"]).json());
        Story { figures, chats: self.office.chats() }
    }

    fn ends_as_if_nothing_had_happened(&self, kills: &str) {
        let (story, expected) = (self.end(), &*UNDISTURBED);
        assert!(!expected.chats.is_empty() && expected.chats.values().all(|times| *times == 1));
        assert_eq!(story.figures.ledger, expected.figures.ledger, "ledger after {kills}");
        let twice: Vec<_> = story.chats.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "twice in a chat after {kills}: {twice:#?}");
        let missing: Vec<_> = expected.chats.keys().filter(|chat| !story.chats.contains_key(*chat)).collect();
        let surplus: Vec<_> = story.chats.keys().filter(|chat| !expected.chats.contains_key(*chat)).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "after {kills}: missing {missing:#?}, too many {surplus:#?}");
        assert_eq!(story.figures.reminders, expected.figures.reminders, "reminders after {kills}");
    }
}

#[test]
fn killed_at_every_fail_point_at_its_first_visit_nothing_is_lost_and_nothing_is_said_twice() {
    let company = Company::new();
    for place in FAILPOINTS {
        company.die_at(place, 1);
    }
    company.ends_as_if_nothing_had_happened("the first visit of every fail point");
}

#[test]
fn killed_at_every_fail_point_at_a_later_visit_nothing_is_lost_and_nothing_is_said_twice() {
    let company = Company::new();
    for (place, nth) in FAILPOINTS.iter().rev().zip([3, 2].into_iter().cycle()) {
        company.die_at(place, nth);
    }
    company.ends_as_if_nothing_had_happened("a later visit of every fail point, backwards");
}

#[test]
fn killed_at_ten_arbitrary_moments_nothing_is_lost_and_nothing_is_said_twice() {
    let mut rng = Rng::new(SEED);
    let mut kills = Vec::new();
    while kills.len() < KILLS_BY_DELAY {
        let company = Company::new();
        let first = kills.len();
        while kills.len() < KILLS_BY_DELAY {
            let delay = rng.between(DELAYS.0, DELAYS.1);
            if !company.die_after(Duration::from_millis(delay.unsigned_abs())) {
                break;
            }
            kills.push(delay);
        }
        let told = format!("seed {SEED}, kills after {:?} ms", &kills[first..]);
        println!("{told}");
        company.ends_as_if_nothing_had_happened(&told);
    }
}
