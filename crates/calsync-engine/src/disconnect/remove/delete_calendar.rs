//! A calendar that we made goes as a whole, after a look that nothing else is in it.

use calsync_core::outcome::Operation;
use calsync_google::Deleted;

use super::super::run::{DisconnectRun, StepResult};
use crate::google::CallError;
use crate::ownership::CalendarScan;

/// Removes the calendar; none if something else is in it, so that events go one by one.
pub(super) async fn remove(
    run: &mut DisconnectRun<'_>,
    calendar_id: &str,
) -> Result<Option<StepResult>, CallError> {
    let mut scan = CalendarScan::new();
    while let Some(query) = scan.next() {
        let page = run.list(calendar_id, query).await?;
        scan.add_page(run.engine, &run.integration, calendar_id, page);
    }
    let Some(items) = scan.owned_event_count() else { return Ok(None) };
    let delete = run.call(Operation::DeleteCalendar, |google, token| async move {
        google.delete_calendar(&token, calendar_id).await
    });
    Ok(Some(match delete.await? {
        Deleted::Done => {
            StepResult::done(format!("The calendar that we made is removed, with {items} items."))
        }
        Deleted::AlreadySo => StepResult::already_so("The calendar that we made was gone."),
    }))
}
