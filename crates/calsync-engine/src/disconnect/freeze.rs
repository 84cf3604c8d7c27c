//! Waits until nobody can have a call under way: the fence rose at the start, so whoever held the
//! integration writes nothing more, but Google checks no fence.

use calsync_store::leases;
use jiff::SignedDuration;

use super::carrier::{Carrier, Taken};
use crate::EngineError;
use crate::reconcile::CALL_LIMIT;

/// How often the holder is looked for.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn freeze(carrier: &mut Carrier<'_>) -> Result<Taken, EngineError> {
    let longest_call = SignedDuration::try_from(CALL_LIMIT).unwrap_or(SignedDuration::MAX);
    let mut tx = carrier.engine.store().read().await?;
    let quiet =
        leases::has_no_inflight_call(&mut tx, &carrier.integration.id, longest_call, carrier.now()).await?;
    drop(tx);
    Ok(match quiet {
        true => Taken::done("Sync is stopped, and no call is under way."),
        false => carrier.wait(LOOK_AGAIN, false),
    })
}
