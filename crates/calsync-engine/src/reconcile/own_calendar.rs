//! Makes the calendar of our own that a user chose. Google takes no id of ours for it, so a marker
//! stands in its description: once one may have been made, the list is searched before another is, after
//! a lost answer and for a user who comes back to one that they left.

use calsync_core::language::Language;
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_core::zone;
use calsync_google::{CalendarEntry, Failure, GoogleClient};
use calsync_store::integrations::{self, CalendarState, Integration};
use calsync_store::leases::{self, Lease};
use calsync_store::mappings;
use calsync_store::users;

use super::commit::PassResult;
use super::integration_failure::IntegrationFailure;
use super::{lease_covers_call, old_calendars};
use crate::ownership::{calendar_marker, is_our_own};
use crate::tokens::Access;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Finds or makes the calendar, and stores it with the end of the pass.
pub(super) async fn make(
    engine: &Engine,
    google: &GoogleClient,
    lease: &Lease,
    integration: &Integration,
    access: &Access,
    mut result: PassResult<'_>,
) -> Result<(), EngineError> {
    if integration.calendar_state == CalendarState::Requested || integration.leaves_own_calendar {
        let found = google.list_calendars(&access.token).await;
        match result.note(Operation::List, found) {
            // One that was left is only comfort; without that permission it is never found.
            Err(failure)
                if failure.reason == Reason::ScopeMissing
                    && integration.calendar_state == CalendarState::NotRequested => {}
            Err(failure) => return give_up(result, failure, access).await,
            Ok(calendars) => {
                // One that is closed to us is as good as none.
                let is_usable =
                    |one: &CalendarEntry| is_our_own(engine, integration, one) && one.access_role.can_write();
                if let Some(calendar) = calendars.into_iter().find(is_usable) {
                    ready(engine, lease, integration, &calendar).await?;
                    return result.commit(Some(access)).await;
                }
            }
        }
    }
    if !lease_covers_call(engine, lease.until_local) {
        result.reschedule_soon();
        return result.commit(Some(access)).await;
    }
    let (is_awaited, user) = retrying_tx!(engine, |tx| {
        leases::renew(tx, lease).await?;
        let is_awaited = integrations::calendar_requested(tx, &integration.id, engine.now()).await?;
        (is_awaited, users::get(tx, &integration.user_id).await?)
    })?;
    if !is_awaited {
        return result.commit(Some(access)).await;
    }
    let name = &engine.settings().platform_name;
    let language = Language::of_locale(user.as_ref().and_then(|user| user.locale.as_deref()));
    let description = format!("{} {}", kept_by(name, language), calendar_marker(engine, integration));
    let zone = user.and_then(|user| zone::primary(&user.time_zone?));
    let made = google.insert_calendar(&access.token, name, &description, zone.as_deref()).await;
    match result.note(Operation::CreateCalendar, made) {
        Ok(calendar) if ready(engine, lease, integration, &calendar).await? => {
            result.commit(Some(access)).await
        }
        // Its user chose another one meanwhile. Nothing was put into this one yet.
        Ok(calendar) => {
            match old_calendars::remove(engine, google, integration, access, &calendar.id, &mut result).await
            {
                Ok(()) => result.commit(Some(access)).await,
                // It is looked for once more with what else of ours is left.
                Err(failure) => give_up(result, failure, access).await,
            }
        }
        Err(failure) => give_up(result, failure, access).await,
    }
}

/// What the calendar's description says to its user.
fn kept_by(name: &str, language: Language) -> String {
    match language {
        Language::English => format!("Kept by {name}."),
        Language::Japanese => format!("{name} が管理しています。"),
        Language::Korean => format!("{name}에서 관리합니다."),
    }
}

async fn give_up(mut result: PassResult<'_>, failure: Failure, access: &Access) -> Result<(), EngineError> {
    match failure {
        failure if failure.is_put_off() => result.reschedule_soon(),
        failure if failure.is_stale_token() => {
            result.set_failure(IntegrationFailure::stale_token(access, &failure));
        }
        failure => result.set_failure(IntegrationFailure::of(&failure)),
    }
    result.commit(Some(access)).await
}

/// Stores that `calendar` is the target, and makes everything due there; false: it isn't awaited any more.
async fn ready(
    engine: &Engine,
    lease: &Lease,
    integration: &Integration,
    calendar: &CalendarEntry,
) -> Result<bool, EngineError> {
    let (store, id, now) = (engine.store(), &integration.id, engine.now());
    let (calendar_id, summary) = (&calendar.id, &calendar.summary);
    retrying_tx!(engine, |tx| {
        leases::renew(tx, lease).await?;
        let is_ready = integrations::calendar_ready(store, tx, id, calendar_id, summary, now).await?;
        if is_ready {
            mappings::mark_all_due(tx, &integration.user_id, now).await?;
        }
        is_ready
    })
}
