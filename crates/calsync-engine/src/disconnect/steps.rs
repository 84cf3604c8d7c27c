//! The steps in their order, each in a file of its own but for those that have nothing to do.

use calsync_core::disconnect::{StepName, StepOutcome};
use calsync_core::integration::GOOGLE;
use calsync_store::disconnects::SagaLease;

use super::carrier::{Carrier, Taken};
use super::{freeze, remove, revoke, verify};
use crate::{Engine, EngineError};

/// Takes the steps that are left, until the disconnect has to wait or is over.
///
/// # Errors
/// If the store fails, or the lease was lost: then the next holder carries on.
pub async fn carry_on(engine: &Engine, lease: SagaLease) -> Result<(), EngineError> {
    let mut carrier = Carrier::take(engine, lease).await?;
    while let Some(name) = carrier.saga.next_step() {
        let taken = match name {
            StepName::Freeze => freeze::freeze(&mut carrier).await?,
            StepName::StopChannels => Taken::skipped("No push channel was open."),
            StepName::RemoveItems => remove::remove_items(&mut carrier).await?,
            StepName::Revoke => revoke::revoke(&mut carrier).await?,
            StepName::Verify => verify::verify(&mut carrier).await?,
            StepName::Wipe => {
                let nothing_left = nothing_left(&carrier);
                return carrier.wipe(nothing_left).await;
            }
        };
        match taken {
            Taken::Ended(outcome, receipt) => carrier.end_step(name, outcome, receipt).await?,
            Taken::Waits(pause) => return carrier.pause(pause).await,
        }
    }
    Ok(())
}

/// Whether nothing of ours is left at the provider, so that a new connection starts from nothing.
fn nothing_left(carrier: &Carrier<'_>) -> bool {
    let removal = carrier.saga.step(StepName::RemoveItems).map(|step| step.outcome);
    carrier.saga.provider != GOOGLE || matches!(removal, Some(StepOutcome::Done | StepOutcome::AlreadySo))
}
