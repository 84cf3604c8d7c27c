//! The user's own calendars, to choose among. The choice is [`crate::target_calendar::change`].

use calsync_core::outcome::Operation;
use calsync_google::{CalendarEntry, GoogleClient};
use calsync_store::integrations;
use secrecy::SecretString;

use crate::Engine;
use crate::google::{AuthorizedClient, CallError};

/// The calendars that the user could choose: those that we may write to. `None` if there is no
/// such integration.
///
/// # Errors
/// See [`CallError`].
pub async fn writable_calendars(
    engine: &Engine,
    integration_id: &str,
) -> Result<Option<Vec<CalendarEntry>>, CallError> {
    let mut tx = engine.store().read().await?;
    let integration = integrations::get(&mut tx, integration_id).await?;
    drop(tx);
    let Some(integration) = integration else { return Ok(None) };
    let list = |google: GoogleClient, token: SecretString| async move { google.list_calendars(&token).await };
    let mut calendars =
        AuthorizedClient::call_for_page(engine.google(), &integration, Operation::List, list).await?;
    calendars.retain(|calendar| calendar.access_role.can_write());
    Ok(Some(calendars))
}
