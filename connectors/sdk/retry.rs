//! The fence around `backoff`: that crate only computes delays, our loop does the rest.
//!
//! `backoff` 0.4 is unmaintained (RUSTSEC-2025-0012); everything that waits or counts is here, so that another delay
//! calculator is a change of this one file. Waiting goes through a [`Sleeper`], so that tests don't wait. The loop holds
//! no state outside its future: dropping the future cancels it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff as _;

use super::{ErrorClass, SourceError};

/// No policy may try more often: a call is inside a pull, and the schedule tries the pull again anyway.
const MAX_ATTEMPTS: u32 = 10;
/// Half of the delay is random, so that processes that failed together don't come back together.
const RANDOMIZATION: f64 = 0.5;

/// How a call waits between two attempts.
#[async_trait]
pub trait Sleeper: Send + Sync + fmt::Debug {
    async fn sleep(&self, duration: Duration);
}

/// Waits on the machine's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioSleeper;

#[async_trait]
impl Sleeper for TokioSleeper {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How often and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Calls in all, the first one included.
    pub attempts: u32,
    pub first_delay: Duration,
    /// The longest wait inside a call. A server that asks for longer (`Retry-After`) gets it: the error goes back to
    /// the caller, whose schedule waits without holding a slot.
    pub max_delay: Duration,
    /// Off in tests only.
    pub jitter: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, first_delay: Duration::from_millis(200), max_delay: Duration::from_secs(5), jitter: true }
    }
}

/// An endless row of growing delays.
#[derive(Debug)]
pub struct Delays {
    inner: backoff::ExponentialBackoff,
    max_delay: Duration,
}

impl Delays {
    pub fn new(policy: &RetryPolicy) -> Self {
        let inner = ExponentialBackoffBuilder::new()
            .with_initial_interval(policy.first_delay)
            .with_max_interval(policy.max_delay)
            .with_multiplier(2.0)
            .with_randomization_factor(if policy.jitter { RANDOMIZATION } else { 0.0 })
            .with_max_elapsed_time(None)
            .build();
        Self { inner, max_delay: policy.max_delay }
    }

    /// The next delay, never longer than the policy's longest.
    pub fn next_delay(&mut self) -> Duration {
        self.inner.next_backoff().unwrap_or(self.max_delay).min(self.max_delay)
    }
}

/// Calls until it succeeds, the error is not worth another try, or the attempts are used up.
pub async fn retry<T, F, A>(policy: &RetryPolicy, sleeper: &dyn Sleeper, mut call: F) -> Result<T, SourceError>
where
    F: FnMut() -> A + Send,
    A: Future<Output = Result<T, SourceError>> + Send,
{
    let attempts = policy.attempts.clamp(1, MAX_ATTEMPTS);
    let mut delays = Delays::new(policy);
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(delay) = delay_after(&error, policy, &mut delays).filter(|_| attempt < attempts) else {
            return Err(error);
        };
        tracing::debug!(attempt, delay_ms = delay.as_millis(), class = error.class.name(), "A call is tried again.");
        sleeper.sleep(delay).await;
        attempt += 1;
    }
}

/// `None` when another try inside this call makes no sense.
fn delay_after(error: &SourceError, policy: &RetryPolicy, delays: &mut Delays) -> Option<Duration> {
    match error.class {
        ErrorClass::Transient => Some(delays.next_delay()),
        ErrorClass::Throttled { retry_after: None } => Some(delays.next_delay()),
        ErrorClass::Throttled { retry_after: Some(wait) } => (wait <= policy.max_delay).then_some(wait),
        ErrorClass::Auth | ErrorClass::Data | ErrorClass::Config | ErrorClass::Bug => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::sdk::conformance::RecordingSleeper;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 4,
        first_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(250),
        jitter: false,
    };

    /// Fails with `errors` in turn, then succeeds; returns what happened, the calls, and the waits in milliseconds.
    async fn run(errors: &[ErrorClass]) -> (Result<(), ErrorClass>, u32, Vec<u128>) {
        let calls = AtomicU32::new(0);
        let sleeper = RecordingSleeper::default();
        let result = retry(&POLICY, &sleeper, || {
            let index = calls.fetch_add(1, Ordering::Relaxed) as usize;
            let answer = errors.get(index).map_or(Ok(()), |class| Err(SourceError::new(*class, "x")));
            async move { answer }
        })
        .await;
        let waits = sleeper.slept().iter().map(Duration::as_millis).collect();
        (result.map_err(|error| error.class), calls.into_inner(), waits)
    }

    #[tokio::test]
    async fn delays_grow_to_a_bound_and_the_budget_ends() {
        use ErrorClass::Transient;
        assert_eq!(run(&[Transient; 2]).await, (Ok(()), 3, vec![100, 200]));
        assert_eq!(run(&[Transient; 9]).await, (Err(Transient), 4, vec![100, 200, 250]));
    }

    #[tokio::test]
    async fn a_server_that_names_its_wait_gets_it() {
        let short = ErrorClass::Throttled { retry_after: Some(Duration::from_millis(30)) };
        let long = ErrorClass::Throttled { retry_after: Some(Duration::from_secs(60)) };
        assert_eq!(run(&[short]).await, (Ok(()), 2, vec![30]));
        assert_eq!(run(&[long]).await, (Err(long), 1, vec![]), "a long wait belongs to the caller");
    }

    #[tokio::test]
    async fn an_error_that_stays_is_not_repeated() {
        for class in [ErrorClass::Auth, ErrorClass::Data, ErrorClass::Config, ErrorClass::Bug] {
            assert_eq!(run(&[class]).await, (Err(class), 1, vec![]));
        }
    }

    #[test]
    fn jitter_stays_inside_the_bound() {
        let mut delays = Delays::new(&RetryPolicy { jitter: true, ..POLICY });
        assert!((0..100).all(|_| delays.next_delay() <= POLICY.max_delay));
    }
}
