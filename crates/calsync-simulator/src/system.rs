//! The one place where the machine's own time and randomness enter.
//!
//! Everything else takes its time from [`crate::clock::Clock`] and its
//! randomness from [`crate::random::Random`], so that a run can be repeated.

use std::time::Duration;

use jiff::Timestamp;

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the simulator's own seam for time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits in real time; only answers that were asked to be slow use it.
#[expect(
    clippy::disallowed_methods,
    reason = "a slow answer is a behaviour of the simulator, asked for by a flag or a fault"
)]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// A seed from the operating system, for runs that need not be repeated.
///
/// Falls back to the time when the system has no randomness to give.
#[expect(clippy::disallowed_methods, reason = "the simulator's own seam for randomness")]
pub fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => now().as_microsecond().unsigned_abs(),
    }
}
