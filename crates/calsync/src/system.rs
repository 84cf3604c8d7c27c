//! The machine's own time and chance: the one place where they enter the program.

use calsync_core::env::{Clock, Entropy};
use jiff::Timestamp;

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random bytes.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Ends the program if the system has no randomness: every secret would be guessable.
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            eprintln!("calsync: the operating system provides no random bytes");
            std::process::abort();
        }
    }
}
