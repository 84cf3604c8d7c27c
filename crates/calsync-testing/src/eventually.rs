//! The one place where a test waits for something that sends no signal.

use std::{panic::Location, time::Duration};

use tokio::time::{MissedTickBehavior, interval, timeout};

/// Short beside what is waited for, long beside what a look costs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks again and again until `look` finds something, and gives it.
///
/// A yes-or-no condition ends in `.then_some(())`.
///
/// # Panics
/// If `look` has found nothing within `deadline`; the message names the caller.
#[track_caller]
pub fn eventually<T>(deadline: Duration, look: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        match found_within(deadline, look).await {
            Some(found) => found,
            None => panic!("{caller}: what should happen within {deadline:?} did not"),
        }
    }
}

/// What `look` finds within `deadline`.
pub(crate) async fn found_within<T>(
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let looking = async {
        let mut tick = interval(BETWEEN_LOOKS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    timeout(deadline, looking).await.ok()
}
