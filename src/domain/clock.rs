//! Time comes only through here, so that the demo, the tests and production run the same code.
//!
//! A clock also translates a deadline into a real waiting time: a simulated minute may pass in a millisecond.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Timestamp;
    /// How long to really wait until this clock shows `deadline`; zero when it already does.
    fn real_delay(&self, deadline: Timestamp) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn real_delay(&self, deadline: Timestamp) -> Duration {
        Duration::try_from(deadline.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

/// A clock that stands still until it is set. It never goes back.
#[derive(Debug)]
pub struct SimClock {
    now: Mutex<Timestamp>,
}

/// How long a waiter on the simulated clock sleeps before it looks again: the clock moves by leaps, not by itself.
const SIM_LOOK_AGAIN: Duration = Duration::from_millis(5);

impl SimClock {
    pub fn new(start: Timestamp) -> Self {
        Self { now: Mutex::new(start) }
    }

    /// Moves forward to `to`; an earlier instant is ignored.
    pub fn advance_to(&self, to: Timestamp) {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = (*now).max(to);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn real_delay(&self, deadline: Timestamp) -> Duration {
        if self.now() >= deadline { Duration::ZERO } else { SIM_LOOK_AGAIN }
    }
}
