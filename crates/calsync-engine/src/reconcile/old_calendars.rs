//! Removes a calendar of our own that was left for another one, once nothing is to be moved any more
//! and nothing but what we made is in it. What its user keeps there stays, and the calendar with it.

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{Deleted, Failure};
use calsync_store::{integrations, leases, mappings};

use super::commit::PassResult;
use super::mapping::{is_closed, outcome};
use crate::google::CallError;
use crate::ownership::{CalendarScan, is_our_own};
use crate::transaction::retrying_tx;

/// Removes what is left of calendars of our own beside the target.
pub(super) async fn remove_old_calendars(pass: &mut PassResult<'_>) -> Result<(), CallError> {
    remove_listed(pass).await?;
    let integration = pass.integration;
    let target = integration.target_calendar_id.as_deref().unwrap_or_default();
    retrying_tx!(pass.engine, |tx| {
        leases::renew(tx, pass.lease).await?;
        integrations::old_calendars_removed(tx, &integration.id, target, pass.engine.now()).await?;
    })?;
    pass.old_calendars_removed();
    Ok(())
}

async fn remove_listed(pass: &PassResult<'_>) -> Result<(), CallError> {
    let (engine, integration) = (pass.engine, pass.integration);
    let list =
        pass.google.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
    let calendars = match list.await {
        // Without that permission none is found, now or later.
        Err(CallError::Failed(failure)) if failure.reason == Reason::ScopeMissing => return Ok(()),
        calendars => calendars?,
    };
    let is_old = |id: &str| integration.target_calendar_id.as_deref() != Some(id);
    let own = calendars.into_iter().filter(|one| is_our_own(engine, integration, one) && is_old(&one.id));
    for calendar in own {
        let mut tx = engine.store().read().await?;
        let stays = mappings::count_in_calendar(&mut tx, &integration.id, &calendar.id).await?;
        drop(tx);
        if stays == 0 {
            remove(pass, &calendar.id).await?;
        }
    }
    Ok(())
}

/// Removes a calendar of our own that isn't the target, unless something that isn't ours is in it. What
/// Google refuses for good is told as left behind; what may still succeed is an error.
pub(super) async fn remove(pass: &PassResult<'_>, calendar_id: &str) -> Result<(), CallError> {
    match remove_if_ours(pass, calendar_id).await {
        Ok(None) => Ok(()),
        Ok(Some(deleted)) => {
            pass.google.journal.note(None, Operation::DeleteCalendar, Ok(outcome(deleted)));
            Ok(())
        }
        Err(CallError::Failed(failure)) if is_for_good(&failure) => {
            let failure = Failure { reason: Reason::LeftBehind, ..failure };
            pass.google.journal.note(None, Operation::DeleteCalendar, Err(&failure));
            Ok(())
        }
        Err(error) => {
            pass.google.note(None, Operation::DeleteCalendar, Err(&error));
            Err(error)
        }
    }
}

/// Removes one calendar, if nothing but ours is in it.
async fn remove_if_ours(pass: &PassResult<'_>, calendar_id: &str) -> Result<Option<Deleted>, CallError> {
    let google = pass.google;
    let mut scan = CalendarScan::new();
    while let Some(query) = scan.next() {
        let list = google.send(None, Operation::List, |google, token| async move {
            google.list_events(&token, calendar_id, query).await
        });
        let page = list.await?;
        google.journal.note(None, Operation::List, Ok(Outcome::Done));
        scan.add_page(pass.engine, pass.integration, calendar_id, page);
    }
    if scan.owned_event_count().is_none() {
        return Ok(None);
    }
    let delete = google.send(None, Operation::DeleteCalendar, |google, token| async move {
        google.delete_calendar(&token, calendar_id).await
    });
    delete.await.map(Some)
}

/// Whether Google will refuse it whenever it is asked.
fn is_for_good(failure: &Failure) -> bool {
    failure.reason.info().reaction == Reaction::Park || is_closed(failure.reason)
}
