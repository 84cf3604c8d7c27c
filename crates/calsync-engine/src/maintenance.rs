//! What is done once in a while and nobody waits for: grants that lie idle are used, and what is older
//! than it may be ([`retention`]) is forgotten. Each worker does it; that it was done before harms nothing.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, jobs, retention, tokens};

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(3_600);

/// Does a round each hour until `stop`.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = tick.tick() => {}
        }
        jobs::run(&engine, "maintenance", None, round(&engine)).await;
    }
}

/// One round.
///
/// # Errors
/// If the store fails.
pub async fn round(engine: &Engine) -> Result<(), EngineError> {
    tokens::wake_idle(engine).await?;
    retention::round(engine).await
}
