//! Parts that panic when they are used, with a secret in their words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calsync_core::env::{Clock, Entropy};
use jiff::Timestamp;

use crate::{ManualClock, SeededRng};

/// Stands in what a broken part says.
pub const SECRET: &str = "marker-of-a-secret-in-a-panic";

#[derive(Default)]
pub struct Broken {
    pub clock: AtomicBool,
    /// Where 32 bytes are drawn: for every secret, and not for a request's number.
    pub entropy: AtomicBool,
    /// The way to Google.
    pub transport: AtomicBool,
}

pub(super) fn use_of(broken: &AtomicBool) {
    assert!(!broken.load(Ordering::SeqCst), "broken: {SECRET}");
}

pub(super) struct BreakableClock(pub(super) ManualClock, pub(super) Arc<Broken>);

impl Clock for BreakableClock {
    fn now(&self) -> Timestamp {
        use_of(&self.1.clock);
        self.0.now()
    }
}

pub(super) struct BreakableEntropy(pub(super) SeededRng, pub(super) Arc<Broken>);

impl Entropy for BreakableEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() == 32 {
            use_of(&self.1.entropy);
        }
        self.0.fill(bytes);
    }
}
