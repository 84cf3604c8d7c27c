//! The worker: it runs jobs, each in a loop of its own, a bounded number of each sort at once. What waits is a due
//! time in the store; a hint only makes a loop look sooner.
//!
//! At shutdown no job begins and no pass sends a further call. What hears Google's answers or the platform's has a
//! while to store them; the rest is dropped where it stands, as a crash would.

mod periodic;
mod under_way;
mod watch;

use std::time::Duration;

use calsync_store::leases;
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::periodic::Periodic;
use self::under_way::UnderWay;
use crate::disconnect::Disconnecting;
use crate::job::Job;
use crate::reconcile::SyncPass;
use crate::transaction::retrying_tx;
use crate::webhooks::Delivering;
use crate::{Engine, EngineError, maintenance, roll_up, user_deletion};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Between two looks: what comes due within it is claimed together, in one commit.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait at most before the store is asked again, whatever it said and no matter
/// whether a hint was lost.
const POLL_MAX: Duration = Duration::from_secs(1);

/// Runs every job until `stop`, and until what is under way has ended. The first loop that fails or panics stops
/// the others, and with them the process: whoever started it starts it anew. A job that fails or panics stops nothing.
///
/// # Errors
/// If the store can't be reached at the start.
pub async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    let _stop_all = stop.clone().drop_guard();
    if engine.store().is_single_process() {
        retrying_tx!(engine, |tx| leases::release_all(tx).await?)?;
    }
    let worker = Worker { owner: engine.new_id(), engine, stop };
    tokio::try_join!(
        worker.work(SyncPass),
        worker.work(Disconnecting),
        worker.work(Delivering),
        worker.work(Periodic::new("user_deletion", SECOND, |engine| async move {
            user_deletion::round(&engine).await
        })),
        worker.work(Periodic::new("roll_up", SECOND, |engine| async move { roll_up::round(&engine).await })),
        worker.work(Periodic::new(
            "maintenance",
            HOUR,
            |engine| async move { maintenance::round(&engine).await }
        )),
        worker.stop_calls(),
    )?;
    Ok(())
}

struct Worker {
    engine: Engine,
    /// Its name in the leases that it holds.
    owner: String,
    stop: CancellationToken,
}

impl Worker {
    /// Does one sort of job.
    async fn work<J: Job>(&self, mut job: J) -> Result<(), EngineError> {
        let mut under_way = UnderWay::new(&self.engine, J::AT_ONCE);
        while !self.stop.is_cancelled() {
            let wait = self.begin_due(&mut job, &mut under_way).await.unwrap_or_else(|error| {
                tracing::error!(%error, job = job.name(), "could not claim jobs");
                POLL_MAX
            });
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = J::hinted(&self.engine) => {}
                () = under_way.one_ended() => {}
                _ = timeout(wait, std::future::pending::<()>()) => {}
            }
            let _ = timeout(GATHER, self.stop.cancelled()).await;
        }
        match J::ENDS_AT_SHUTDOWN {
            true => under_way.drain(job.name()).await,
            false => under_way.drop_all().await,
        }
        Ok(())
    }

    /// Fills the free places with what is due; answers how long to wait if nothing else happens.
    async fn begin_due<J: Job>(
        &self,
        job: &mut J,
        under_way: &mut UnderWay,
    ) -> Result<Duration, EngineError> {
        let free = under_way.free();
        if free == 0 {
            return Ok(POLL_MAX);
        }
        let wait = wait_until(job.next_due(&self.engine).await?, self.engine.now());
        if wait > Duration::ZERO {
            return Ok(wait.min(POLL_MAX));
        }
        let claimed = job.claim(&self.engine, &self.owner, free).await?;
        // What is due and can't be claimed is under way, here or elsewhere, or its pause is being tried.
        let wait = if claimed.is_empty() { POLL_MAX } else { Duration::ZERO };
        for one in claimed {
            under_way.begin(job, one);
        }
        Ok(wait)
    }

    /// From `stop` on nothing more is sent to Google.
    async fn stop_calls(&self) -> Result<(), EngineError> {
        self.stop.cancelled().await;
        self.engine.begin_shutdown();
        Ok(())
    }
}

fn wait_until(due_at: Option<Timestamp>, now: Timestamp) -> Duration {
    due_at.map_or(POLL_MAX, |due_at| Duration::try_from(due_at.duration_since(now)).unwrap_or_default())
}
