//! Jobs: each runs in a span with a trace id, and is counted by how it ends.
//!
//! One that fails or panics is logged and does not affect the others: what it held is free again after a while, and
//! the next try begins from what was stored. A panic's message is not logged, since it may contain secrets.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::field::Empty;

use crate::{Engine, EngineError, trace};

/// How long jobs have to end at a shutdown: longer than most calls, and well within the time after which
/// supervisors kill.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Runs a `job`, which works on what `id` names; what it gives, unless it failed or panicked.
pub(crate) async fn run<T>(
    engine: &Engine,
    job: &'static str,
    id: Option<&str>,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Option<T> {
    let mut counted = engine.metrics().begin_job(job);
    let span = tracing::error_span!("job", trace_id = Empty, job, id);
    let logged = Box::pin(async {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(done)) => {
                counted.ends("done");
                Some(done)
            }
            Ok(Err(error)) if error.is_lease_lost() => {
                tracing::debug!("lease lost: another worker took over");
                counted.ends("lease_lost");
                None
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "job failed, retried later");
                counted.ends("failed");
                None
            }
            Err(_) => {
                tracing::error!("job panicked, retried later");
                counted.ends("panicked");
                None
            }
        }
    });
    trace::traced(span, || engine.new_id(), logged).await
}

/// Jobs of one sort that run concurrently, up to a limit.
pub(crate) struct Jobs {
    engine: Engine,
    job: &'static str,
    at_once: usize,
    under_way: JoinSet<()>,
}

impl Jobs {
    /// None so far, of which `at_once` may run.
    pub(crate) fn new(engine: Engine, job: &'static str, at_once: usize) -> Self {
        Self { engine, job, at_once, under_way: JoinSet::new() }
    }

    /// How many more may begin.
    pub(crate) fn free(&mut self) -> usize {
        while self.under_way.try_join_next().is_some() {}
        self.at_once.saturating_sub(self.under_way.len())
    }

    /// Begins one, which works on what `id` names.
    pub(crate) fn begin(
        &mut self,
        id: String,
        work: impl Future<Output = Result<(), EngineError>> + Send + 'static,
    ) {
        let (engine, job) = (self.engine.clone(), self.job);
        self.under_way.spawn(async move {
            run(&engine, job, Some(&id), work).await;
        });
    }

    /// Waits until one has ended, for ever if none is under way.
    pub(crate) async fn one_ended(&mut self) {
        if self.under_way.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Lets all end by themselves, at a shutdown; what takes longer than [`DRAIN_MAX`] is dropped where it
    /// stands, as a crash would.
    pub(crate) async fn drain(mut self) {
        let all_ended = async { while self.under_way.join_next().await.is_some() {} };
        if timeout(DRAIN_MAX, all_ended).await.is_err() {
            tracing::warn!(
                job = self.job,
                cut = self.under_way.len(),
                "still in progress at shutdown, cut off"
            );
            self.drop_all().await;
        }
    }

    /// Drops all where they stand.
    pub(crate) async fn drop_all(mut self) {
        self.under_way.shutdown().await;
    }
}
