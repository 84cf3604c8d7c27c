//! The one place where a test waits for something that sends no signal.
//!
//! The time that something may take isn't limited, since a busy machine takes long for everything. What
//! is limited is for how long nothing changes: whoever is slow changes something; whoever hangs doesn't.

use std::fmt::{Debug, Display};
use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Short beside what is waited for, long beside what a look costs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Looks in a row that see the same, after which something hangs: five minutes on an idle machine, where
/// nothing of ours rests as long. Where looks are slow, it hangs after [`HANGS_AFTER`] all the same.
const LOOKS_MAX: usize = 15_000;
/// So many times as many looks in all, an hour at least: what changes for ever gets nowhere either.
const CHANGING_MAX: usize = 12;
/// Whatever shows no sign of life for so long by the machine's clock hangs, be it a look or a program.
pub const HANGS_AFTER: Duration = Duration::from_secs(400);

/// What a look gives: what was waited for, or what is seen in its place. When that changes, things get on.
pub trait Observation {
    /// What was waited for.
    type Found;
    /// What is seen in its place.
    type Seen: PartialEq + Debug;
    /// Which of the two it is.
    fn seen(self) -> Result<Self::Found, Self::Seen>;
}

impl<T> Observation for Option<T> {
    type Found = T;
    type Seen = ();
    fn seen(self) -> Result<T, ()> {
        self.ok_or(())
    }
}

impl<T, S: PartialEq + Debug> Observation for Result<T, S> {
    type Found = T;
    type Seen = S;
    fn seen(self) -> Self {
        self
    }
}

/// Looks again and again until `look` finds `what`, and gives it.
///
/// A yes-or-no condition ends in `.then_some(())`; one that tells what it sees, in `.then_some(()).ok_or(seen)`.
///
/// # Panics
/// If nothing changes any more; the message names the caller, what was waited for, and what was seen.
#[track_caller]
pub fn eventually<L: Observation>(
    what: impl Display,
    look: impl AsyncFnMut() -> L,
) -> impl Future<Output = L::Found> {
    let caller = Location::caller();
    async move {
        match found(look, LOOKS_MAX).await {
            Ok(found) => found,
            Err(last) => panic!("{caller}: waited for {what}; {last}"),
        }
    }
}

/// What `look` finds, unless `looks_max` looks in a row see the same.
async fn found<L: Observation>(
    mut look: impl AsyncFnMut() -> L,
    looks_max: usize,
) -> Result<L::Found, String> {
    let mut tick = interval(BETWEEN_LOOKS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut same, mut changed) = (None, 0, Instant::now());
    for _ in 0..looks_max * CHANGING_MAX {
        if same == looks_max || changed.elapsed() > HANGS_AFTER {
            return Err(format!("{same} looks in a row saw {last:?}"));
        }
        tick.tick().await;
        let Ok(looked) = timeout(HANGS_AFTER, look()).await else {
            return Err(format!("a look didn't end within {HANGS_AFTER:?}, and before it saw {last:?}"));
        };
        match looked.seen() {
            Ok(found) => return Ok(found),
            Err(seen) if last.as_ref() == Some(&seen) => same += 1,
            Err(seen) => (last, same, changed) = (Some(seen), 0, Instant::now()),
        }
    }
    Err(format!("what was seen changed for ever, at last to {last:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More looks than nothing may change for, but something does each second time.
    #[tokio::test]
    async fn what_gets_on_is_waited_for_however_long_it_takes() {
        let mut looks = 0;
        let found = found(
            async || {
                looks += 1;
                if looks > 9 { Ok(looks) } else { Err(looks / 2) }
            },
            3,
        );
        assert_eq!(found.await, Ok(10));
    }

    #[tokio::test]
    async fn what_hangs_is_told_with_what_was_seen() {
        let hangs = found(async || Err::<(), _>("connecting"), 3).await;
        assert_eq!(hangs, Err("3 looks in a row saw Some(\"connecting\")".to_owned()));
        assert!(found(async || None::<()>, 1).await.is_err());
        let mut looks = 0;
        let changes = found(
            async || {
                looks += 1;
                Err::<(), _>(looks)
            },
            3,
        );
        assert_eq!(changes.await, Err("what was seen changed for ever, at last to Some(36)".to_owned()));
    }
}
