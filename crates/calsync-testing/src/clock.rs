//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use calsync_core::env::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that is moved by hand. Clones are one clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    /// Moves it.
    ///
    /// # Panics
    /// If `by` is longer than the clock can tell.
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).expect("a span that a timestamp can hold");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).expect("a time that a timestamp can hold")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_moved_together() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_secs(7));
        assert_eq!(other.now().as_second(), 7);
        assert_eq!(clock.now(), other.now());
    }
}
