//! A pace for calls to one server, held by this process only: several daemons each keep their own.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Jitter, Quota, RateLimiter};

/// Spreads calls that wait for the same tick.
const JITTER: Duration = Duration::from_millis(20);

/// Waits until the next call is allowed; without a limit it never waits.
#[derive(Clone, Default)]
pub struct RateLimit(Option<Arc<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>>);

impl RateLimit {
    pub fn unlimited() -> Self {
        Self(None)
    }

    pub fn per_second(calls: NonZeroU32) -> Self {
        Self(Some(Arc::new(RateLimiter::direct(Quota::per_second(calls)))))
    }

    /// The usual setting: zero means no limit.
    pub fn from_setting(calls_per_second: u32) -> Self {
        NonZeroU32::new(calls_per_second).map_or_else(Self::unlimited, Self::per_second)
    }

    pub async fn ready(&self) {
        if let Some(limiter) = &self.0 {
            limiter.until_ready_with_jitter(Jitter::up_to(JITTER)).await;
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "RateLimit" } else { "RateLimit(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_beyond_the_limit_has_to_wait() {
        let limit = RateLimit::from_setting(2);
        let limiter = limit.0.unwrap();
        let allowed = (0..10).filter(|_| limiter.check().is_ok()).count();
        assert_eq!(allowed, 2);
        assert!(RateLimit::from_setting(0).0.is_none());
    }
}
