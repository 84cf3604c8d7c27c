//! The steps in their order, each in a file of its own but for those that have nothing to do.

use calsync_core::disconnect::{StepName, StepOutcome};
use calsync_core::integration::GOOGLE;
use calsync_store::leases::Lease;

use super::run::{DisconnectRun, StepResult};
use super::{freeze, remove, revoke, verify};
use crate::{Engine, EngineError};

/// Takes the steps that are left, until the disconnect has to wait or is over.
///
/// # Errors
/// If the store fails, or the lease was lost: then the next holder carries on.
pub async fn resume(engine: &Engine, lease: Lease) -> Result<(), EngineError> {
    let mut run = DisconnectRun::take(engine, lease).await?;
    while let Some(name) = run.saga.next_step() {
        let result = match name {
            StepName::Freeze => freeze::freeze(&mut run).await?,
            StepName::StopChannels => StepResult::skipped("No push channel was open."),
            StepName::RemoveItems => remove::remove_items(&mut run).await?,
            StepName::Revoke => revoke::revoke(&mut run).await?,
            StepName::Verify => verify::verify(&mut run).await?,
            StepName::Wipe => {
                let nothing_left = nothing_left(&run);
                return run.wipe(nothing_left).await;
            }
        };
        match result {
            StepResult::Ended(outcome, receipt) => run.end_step(name, outcome, receipt).await?,
            StepResult::Waits(pause) => return run.pause(pause).await,
        }
    }
    Ok(())
}

/// Whether nothing of ours is left at the provider, so that a new connection starts from nothing.
fn nothing_left(run: &DisconnectRun<'_>) -> bool {
    let removal = run.saga.step(StepName::RemoveItems).map(|step| step.outcome);
    run.saga.provider != GOOGLE || matches!(removal, Some(StepOutcome::Done | StepOutcome::AlreadySo))
}
