//! How the connections to the database are used, and how long transactions wait for one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A pool of connections as it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    /// `writer` or `readers` on SQLite, `all` on Postgres.
    pub name: &'static str,
    /// Open connections.
    pub connections: usize,
    /// Those that nobody uses.
    pub idle: usize,
    /// Transactions that wait to begin.
    pub waiting: usize,
    /// Transactions that began, or could not, so far.
    pub begun: u64,
    /// How long they waited, all together.
    pub waited: Duration,
}

/// Counts what waits for the connections of one pool.
#[derive(Default)]
pub(crate) struct Waits {
    waiting: AtomicUsize,
    begun: AtomicU64,
    waited_us: AtomicU64,
}

impl Waits {
    /// One more that waits, until what this gives is dropped.
    pub(crate) fn wait(&self) -> Wait<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Wait { of: self, began: Instant::now() }
    }

    pub(crate) fn usage(&self, name: &'static str, connections: u32, idle: usize) -> PoolUsage {
        PoolUsage {
            name,
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
            idle,
            waiting: self.waiting.load(Ordering::Relaxed),
            begun: self.begun.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.waited_us.load(Ordering::Relaxed)),
        }
    }
}

/// A wait, however it ends.
pub(crate) struct Wait<'a> {
    of: &'a Waits,
    began: Instant,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let waited = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.of.waiting.fetch_sub(1, Ordering::Relaxed);
        self.of.begun.fetch_add(1, Ordering::Relaxed);
        self.of.waited_us.fetch_add(waited, Ordering::Relaxed);
    }
}
