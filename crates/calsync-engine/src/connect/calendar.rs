//! The choice among the user's own calendars.

use calsync_google::{CalendarEntry, Failure};
use calsync_store::integrations;

use crate::calendar::{self, Changed, Wanted};
use crate::tokens::{self, NoAccess};
use crate::{Engine, EngineError};

/// The calendars that the user could choose: those that we may write to. `None` if there is no
/// such integration, or its token is being renewed at this moment.
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
    let access = match tokens::access(engine, &integration).await? {
        Ok(access) => access,
        Err(NoAccess::Busy) => return Ok(None),
        Err(NoAccess::Failed(failure)) => return Ok(Some(Err(failure))),
    };
    let listed = engine.google().list_calendars(&access.token).await;
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
