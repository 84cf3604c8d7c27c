//! Keeps grants alive that nobody wants for a while: their integrations are woken, and the pass that
//! follows uses the grant.

use calsync_store::{integrations, mappings};

use super::Google;
use crate::EngineError;
use crate::transaction::retrying_tx;

/// Integrations that are woken in one look; the rest follow in the next.
const WOKEN_MAX: i64 = 1_000;

/// Wakes the integrations whose grant was not used for about a month.
pub(crate) async fn wake_idle(google: &Google) -> Result<(), EngineError> {
    let now = google.now();
    let mut tx = google.store().read().await?;
    let idle = integrations::idle(&mut tx, now, WOKEN_MAX).await?;
    drop(tx);
    for user_id in idle {
        retrying_tx!(google, |tx| mappings::schedule(tx, &user_id, now).await?)?;
    }
    Ok(())
}
