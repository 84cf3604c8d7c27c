//! Jobs that run concurrently, up to a limit.
//!
//! A job that fails or panics is logged and does not affect the others: its lease ends by itself, and the
//! next try begins from what was stored. A panic's message is not logged, since it may contain
//! secrets.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::EngineError;

/// How long jobs have to end at a shutdown: longer than most calls, and well within the time after which
/// supervisors kill.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Jobs of one sort.
pub(crate) struct Jobs {
    what: &'static str,
    at_once: usize,
    under_way: JoinSet<()>,
}

impl Jobs {
    /// None so far, of which `at_once` may run; `what` names one of them in the log.
    pub(crate) fn new(what: &'static str, at_once: usize) -> Self {
        Self { what, at_once, under_way: JoinSet::new() }
    }

    /// How many more may begin.
    pub(crate) fn free(&mut self) -> usize {
        while self.under_way.try_join_next().is_some() {}
        self.at_once.saturating_sub(self.under_way.len())
    }

    /// Begins one; `id` names what it works on in the log.
    pub(crate) fn begin(
        &mut self,
        id: String,
        job: impl Future<Output = Result<(), EngineError>> + Send + 'static,
    ) {
        self.under_way.spawn(log_result(self.what, id, job));
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
                what = self.what,
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

async fn log_result(what: &str, id: String, job: impl Future<Output = Result<(), EngineError>>) {
    match AssertUnwindSafe(job).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.is_lease_lost() => {
            tracing::debug!(what, id, "lease lost: another worker took over");
        }
        Ok(Err(error)) => tracing::error!(what, id, %error, "job failed, retried when its lease expires"),
        Err(_) => tracing::error!(what, id, "job panicked, retried when its lease expires"),
    }
}
