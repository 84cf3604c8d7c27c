//! The choice among the user's own calendars.

use calsync_core::outcome::Operation;
use calsync_google::{CalendarEntry, Failure};
use calsync_store::integrations;

use crate::calendar::{self, Changed, Wanted};
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

/// Makes a calendar the target, if it is one that we may write to.
///
/// # Errors
/// If the store fails.
pub async fn choose_calendar(
    engine: &Engine,
    integration_id: &str,
    calendar_id: &str,
) -> Result<bool, EngineError> {
    let wanted = Wanted::Existing(calendar_id.to_owned());
    let changed = calendar::change(engine, integration_id, &wanted).await?;
    Ok(matches!(changed, Changed::Done | Changed::AlreadySo))
}
