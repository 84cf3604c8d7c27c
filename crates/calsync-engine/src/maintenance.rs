//! What is done once in a while and nobody waits for: what was recorded is counted ([`roll_up`]), grants
//! that lie idle are used, and what is older than it may be is forgotten ([`retention`]). Each worker
//! does it; that it was done before harms nothing.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, google, jobs, retention, roll_up};

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(3_600);
/// How far error groups and counts are behind at most, unless there is very much to count.
const ROLL_UP_PERIOD: Duration = Duration::from_secs(1);

/// Does all of it until `stop`.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    tokio::join!(
        each(&engine, ROLL_UP_PERIOD, &stop, "roll_up", || roll_up::round(&engine)),
        each(&engine, PERIOD, &stop, "maintenance", || round(&engine)),
    );
    Ok(())
}

/// Does `job` in each `period` until `stop`, which drops it where it stands.
async fn each<Job>(
    engine: &Engine,
    period: Duration,
    stop: &CancellationToken,
    name: &'static str,
    job: impl Fn() -> Job,
) where
    Job: Future<Output = Result<(), EngineError>>,
{
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let rounds = async {
        loop {
            tick.tick().await;
            jobs::run(engine, name, None, job()).await;
        }
    };
    stop.run_until_cancelled(rounds).await;
}

/// One round of what is done each hour.
///
/// # Errors
/// If the store fails.
pub async fn round(engine: &Engine) -> Result<(), EngineError> {
    google::wake_idle(engine.google()).await?;
    retention::round(engine).await
}
