//! Waits until nobody can have a call under way: the fence rose at the start, so whoever held the
//! integration writes nothing more, but Google checks no fence.

use calsync_store::leases;
use jiff::SignedDuration;

use super::run::{DisconnectRun, StepResult};
use crate::EngineError;
use crate::google::CALL_LIMIT;

/// How often the holder is looked for.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn freeze(run: &mut DisconnectRun<'_>) -> Result<StepResult, EngineError> {
    let longest_call = SignedDuration::try_from(CALL_LIMIT).unwrap_or(SignedDuration::MAX);
    let mut tx = run.engine.store().read().await?;
    let quiet =
        leases::passes::has_no_inflight_call(&mut tx, &run.integration.id, longest_call, run.now()).await?;
    drop(tx);
    Ok(match quiet {
        true => StepResult::done("Sync is stopped, and no call is under way."),
        false => run.wait(LOOK_AGAIN),
    })
}
