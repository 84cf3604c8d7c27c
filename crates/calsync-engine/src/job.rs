//! One sort of work for [`crate::worker`].

use std::time::Duration;

use jiff::Timestamp;

use crate::{Engine, EngineError};

/// One sort of work that waits in the store until it is due.
pub(crate) trait Job: Send {
    /// What a worker has claimed.
    type Claimed: Send + 'static;

    /// How many run at once.
    const AT_ONCE: usize;
    /// How long one may take before it is dropped where it stands, as a crash would. Half of it is worth a warning.
    const TIME_OUT: Duration;
    /// Whether one that is under way at a shutdown has a while to end by itself.
    const ENDS_AT_SHUTDOWN: bool;

    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;

    /// When the next is due, if any is.
    fn next_due(
        &self,
        engine: &Engine,
    ) -> impl Future<Output = Result<Option<Timestamp>, EngineError>> + Send;

    /// Claims up to `limit` of those that are due, for the worker `owner`.
    fn claim(
        &mut self,
        engine: &Engine,
        owner: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Claimed>, EngineError>> + Send;

    /// Waits for a hint that something may be due.
    fn hinted(engine: &Engine) -> impl Future<Output = ()> + Send;

    /// What it works on, for the log.
    fn id(claimed: &Self::Claimed) -> Option<&str>;

    /// Does it.
    fn run(
        engine: Engine,
        claimed: Self::Claimed,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static;
}
