//! A calendar that we made goes as a whole, after a look that nothing else is in it.

use calsync_core::outcome::Operation;
use calsync_google::Deleted;

use super::super::carrier::{Carrier, Taken};
use super::Trouble;
use crate::EngineError;
use crate::ours::Look;

/// Removes the calendar; none if something else is in it, so that events go one by one.
pub(super) async fn remove(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
) -> Result<Result<Option<Taken>, Trouble>, EngineError> {
    let mut look = Look::new();
    while let Some(query) = look.next() {
        match carrier.list(calendar_id, query).await? {
            Ok(page) => look.through(carrier.engine, &carrier.integration, calendar_id, page),
            Err(trouble) => return Ok(Err(trouble)),
        }
    }
    let Some(items) = look.alone() else { return Ok(Ok(None)) };
    let delete = carrier.call(Operation::DeleteCalendar, |google, token| async move {
        google.delete_calendar(&token, calendar_id).await
    });
    let deleted = delete.await?;
    Ok(deleted.map(|deleted| match deleted {
        Deleted::Done => {
            Some(Taken::done(format!("The calendar that we made is removed, with {items} items.")))
        }
        Deleted::AlreadySo => Some(Taken::already_so("The calendar that we made was gone.")),
    }))
}
