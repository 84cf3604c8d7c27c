//! The simulator's clock: real time plus an offset, or a manual one.
//!
//! A manual clock moves only when it is told to, so a run can be repeated to
//! the byte. The `Date` header has an offset of its own: a test may age tokens
//! without making the simulator look skewed, and the other way round.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::system;

#[derive(Debug)]
pub(crate) struct Clock {
    /// The instant a manual clock started at; `None` follows the machine.
    start: Option<Timestamp>,
    offset_micros: AtomicI64,
    date_offset_micros: AtomicI64,
}

impl Clock {
    pub(crate) fn new(start: Option<Timestamp>) -> Self {
        Self { start, offset_micros: AtomicI64::new(0), date_offset_micros: AtomicI64::new(0) }
    }

    pub(crate) fn is_manual(&self) -> bool {
        self.start.is_some()
    }

    /// What the simulator takes for the present.
    pub(crate) fn now(&self) -> Timestamp {
        self.shifted(&self.offset_micros)
    }

    /// What the `Date` header says.
    pub(crate) fn date_header(&self) -> Timestamp {
        self.shifted(&self.date_offset_micros)
    }

    /// Moves the clock, and the `Date` header with it only when asked.
    pub(crate) fn advance(&self, by: SignedDuration, date_too: bool) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(0);
        self.offset_micros.fetch_add(micros, Ordering::SeqCst);
        if date_too {
            self.date_offset_micros.fetch_add(micros, Ordering::SeqCst);
        }
    }

    fn shifted(&self, offset: &AtomicI64) -> Timestamp {
        let base = self.start.unwrap_or_else(system::now);
        let moved = base.saturating_add(SignedDuration::from_micros(offset.load(Ordering::SeqCst)));
        moved.unwrap_or(base)
    }
}
