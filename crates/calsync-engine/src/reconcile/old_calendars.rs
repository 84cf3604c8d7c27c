//! Removes a calendar of our own that was left for another one, once nothing is to be moved any more
//! and nothing but what we made is in it. What its user keeps there stays, and the calendar with it.

use calsync_core::outcome::Operation;
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{Deleted, Failure, GoogleClient};
use calsync_store::integrations::{self, Integration};
use calsync_store::leases::{self, Lease};
use calsync_store::mappings;

use super::commit::PassResult;
use super::integration_failure::IntegrationFailure;
use super::mapping::{is_closed, outcome};
use crate::ownership::{CalendarScan, is_our_own};
use crate::tokens::Access;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Removes what is left of calendars of our own beside the target.
pub(super) async fn remove_old_calendars(
    engine: &Engine,
    google: &GoogleClient,
    lease: &Lease,
    integration: &Integration,
    access: &Access,
    mut result: PassResult<'_>,
) -> Result<(), EngineError> {
    match remove_old(engine, google, integration, access, &mut result).await? {
        Ok(()) => {
            let target = integration.target_calendar_id.as_deref().unwrap_or_default();
            retrying_tx!(engine, |tx| {
                leases::renew(tx, lease).await?;
                integrations::old_calendars_removed(tx, &integration.id, target, engine.now()).await?;
            })?;
            result.old_calendars_removed();
        }
        Err(failure) if failure.is_put_off() => result.reschedule_soon(),
        Err(failure) if failure.is_stale_token() => {
            result.set_failure(IntegrationFailure::stale_token(access, &failure));
        }
        Err(failure) => result.set_failure(IntegrationFailure::of(&failure)),
    }
    result.commit(Some(access)).await
}

async fn remove_old(
    engine: &Engine,
    google: &GoogleClient,
    integration: &Integration,
    access: &Access,
    result: &mut PassResult<'_>,
) -> Result<Result<(), Failure>, EngineError> {
    let listed = result.note(Operation::List, google.list_calendars(&access.token).await);
    let calendars = match listed {
        Ok(calendars) => calendars,
        // Without that permission none is found, now or later.
        Err(failure) if failure.reason == Reason::ScopeMissing => return Ok(Ok(())),
        Err(failure) => return Ok(Err(failure)),
    };
    let is_old = |id: &str| integration.target_calendar_id.as_deref() != Some(id);
    let own = calendars.into_iter().filter(|one| is_our_own(engine, integration, one) && is_old(&one.id));
    for calendar in own {
        let mut tx = engine.store().read().await?;
        let stays = mappings::count_in_calendar(&mut tx, &integration.id, &calendar.id).await?;
        drop(tx);
        if stays > 0 {
            continue;
        }
        if let Err(failure) = remove(engine, google, integration, access, &calendar.id, result).await {
            return Ok(Err(failure));
        }
    }
    Ok(Ok(()))
}

/// Removes a calendar of our own that isn't the target, unless something that isn't ours is in it. What
/// Google refuses for good is told as left behind; what may still succeed is an error.
pub(super) async fn remove(
    engine: &Engine,
    google: &GoogleClient,
    integration: &Integration,
    access: &Access,
    calendar_id: &str,
    result: &mut PassResult<'_>,
) -> Result<(), Failure> {
    match remove_if_ours(engine, google, integration, access, calendar_id).await {
        Ok(None) => Ok(()),
        Ok(Some(deleted)) => {
            result.journal.note(None, Operation::DeleteCalendar, Ok(outcome(deleted)));
            Ok(())
        }
        Err(failure) if is_for_good(&failure) => {
            let failure = Failure { reason: Reason::LeftBehind, ..failure };
            result.journal.note(None, Operation::DeleteCalendar, Err(&failure));
            Ok(())
        }
        Err(failure) => result.note(Operation::DeleteCalendar, Err(failure)),
    }
}

/// Removes one calendar, if nothing but ours is in it.
async fn remove_if_ours(
    engine: &Engine,
    google: &GoogleClient,
    integration: &Integration,
    access: &Access,
    calendar_id: &str,
) -> Result<Option<Deleted>, Failure> {
    let token = &access.token;
    let mut scan = CalendarScan::new();
    while let Some(query) = scan.next() {
        let page = google.list_events(token, calendar_id, query).await?;
        scan.add_page(engine, integration, calendar_id, page);
    }
    if scan.owned_event_count().is_none() {
        return Ok(None);
    }
    google.delete_calendar(token, calendar_id).await.map(Some)
}

/// Whether Google will refuse it whenever it is asked.
fn is_for_good(failure: &Failure) -> bool {
    !failure.is_stale_token()
        && (failure.reason.info().reaction == Reaction::Park || is_closed(failure.reason))
}
