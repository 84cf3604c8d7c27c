//! What is known of a grant that is over: its cause and the evidence are inferred from it.

use calsync_core::grant::DeadGrant;
use calsync_core::integration::IntegrationState;
use calsync_store::Tx;
use calsync_store::integrations::{self, Integration};

use super::{Google, is_over};
use crate::EngineError;

/// The grant of `integration`, if it is over and needs its user. It is looked at anew each time: what
/// happens to others of the domain later tells more.
///
/// # Errors
/// If the store fails.
pub async fn dead_grant(
    google: &Google,
    tx: &mut Tx,
    integration: &Integration,
) -> Result<Option<DeadGrant>, EngineError> {
    if integration.state != IntegrationState::NeedsAction || !integration.reason.is_some_and(is_over) {
        return Ok(None);
    }
    let client_id = google.client().client_id();
    let mut grant = integrations::dead_grant(tx, &integration.id, client_id, google.now()).await?;
    if let Some(domain) = &integration.account_domain {
        grant.domain = Some(integrations::domain(tx, domain, grant.refused_at).await?);
    }
    Ok(Some(grant))
}
