//! The user's own calendars, to choose among. The choice is [`crate::target_calendar::change`].

use calsync_core::outcome::Operation;
use calsync_google::{CalendarEntry, Failure};
use calsync_store::integrations;

use crate::{Engine, EngineError, tokens};

/// The calendars that the user could choose: those that we may write to. `None` if there is no
/// such integration.
///
/// # Errors
/// If the store fails.
pub async fn writable_calendars(
    engine: &Engine,
    integration_id: &str,
) -> Result<Option<Result<Vec<CalendarEntry>, Failure>>, EngineError> {
    let mut tx = engine.store().read().await?;
    let integration = integrations::get(&mut tx, integration_id).await?;
    drop(tx);
    let Some(integration) = integration else { return Ok(None) };
    let listed = tokens::call(engine, &integration, Operation::List, |google, token| async move {
        google.list_calendars(&token).await
    })
    .await?;
    let writable = |calendars: Vec<CalendarEntry>| {
        calendars.into_iter().filter(|calendar| calendar.access_role.can_write()).collect()
    };
    Ok(Some(listed.map(writable)))
}
