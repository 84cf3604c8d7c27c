//! Runs one job in a span with a trace id, watches it, and counts how it ends.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;
use tracing::field::Empty;

use crate::{Engine, EngineError, trace};

/// Runs a job of this `name`, which works on what `id` names. If it fails, panics or takes too long, that is logged
/// and doesn't affect others: what it held is free again after a while, and the next try begins from what
/// was stored. A panic's message is not logged, since it may contain secrets.
pub(super) async fn run(
    engine: &Engine,
    name: &'static str,
    id: Option<&str>,
    time_out: Duration,
    work: impl Future<Output = Result<(), EngineError>>,
) {
    let mut counted = engine.metrics().begin_job(name);
    let span = tracing::error_span!("job", trace_id = Empty, job = name, id);
    let logged = Box::pin(async {
        counted.ends(match watched(time_out, AssertUnwindSafe(work).catch_unwind()).await {
            Some(Ok(Ok(()))) => "done",
            Some(Ok(Err(error))) if error.is_lease_lost() => {
                tracing::debug!("lease lost: another worker took over");
                "lease_lost"
            }
            Some(Ok(Err(error))) => {
                tracing::error!(%error, "job failed, retried later");
                "failed"
            }
            Some(Err(_)) => {
                tracing::error!("job panicked, retried later");
                "panicked"
            }
            None => {
                tracing::error!(seconds = time_out.as_secs(), "job took too long: cut off, retried later");
                "timed_out"
            }
        });
    });
    trace::traced(span, || engine.new_id(), logged).await;
}

/// What `work` gives, unless it takes longer than `time_out`.
async fn watched<T>(time_out: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let half = time_out / 2;
    if let Ok(done) = timeout(half, &mut work).await {
        return Some(done);
    }
    tracing::warn!(seconds = half.as_secs(), "job seems stuck");
    timeout(half, work).await.ok()
}

#[cfg(test)]
mod tests {
    use calsync_testing::Log;

    use super::*;

    const SOON: Duration = Duration::from_millis(2);

    #[tokio::test]
    async fn what_hangs_is_warned_of_and_cut_off() {
        let log = Log::begin();
        assert_eq!(watched(SOON, std::future::pending::<()>()).await, None);
        assert_eq!(log.text().matches("job seems stuck").count(), 1);
    }

    #[tokio::test]
    async fn what_ends_in_time_is_left_alone() {
        let log = Log::begin();
        assert_eq!(watched(Duration::MAX, tokio::task::yield_now()).await, Some(()));
        assert_eq!(log.text(), "");
    }
}
