//! Makes the calendar of our own that a user chose. Google takes no id of ours for it, so a marker
//! stands in its description: once one may have been made, the list is searched before another is, after
//! a lost answer and for a user who comes back to one that they left.

use calsync_core::language::Language;
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_core::zone;
use calsync_google::CalendarEntry;
use calsync_store::{calendars, integrations, leases, mappings, users};

use super::commit::PassResult;
use super::old_calendars;
use crate::EngineError;
use crate::google::CallError;
use crate::ownership::{calendar_marker, is_our_own};
use crate::transaction::retrying_tx;

/// Finds or makes the calendar, and makes it the target.
pub(super) async fn find_or_make(pass: &PassResult<'_>) -> Result<(), CallError> {
    let (engine, integration) = (pass.engine, pass.integration);
    if let Some(calendar) = find(pass).await? {
        ready(pass, &calendar).await?;
        return Ok(());
    }
    if !pass.google.may_send() {
        return Err(CallError::PutOff { until: engine.now() });
    }
    if pass.google.is_paused(Operation::CreateCalendar) {
        return Err(CallError::PutOff { until: pass.google.looks_again_at() });
    }
    let (is_awaited, user) = retrying_tx!(engine, |tx| {
        leases::passes::renew(tx, &pass.claimed.lease).await?;
        let is_awaited = integrations::calendar_requested(tx, &integration.id).await?;
        (is_awaited, users::get(tx, &integration.user_id).await?)
    })?;
    if !is_awaited {
        return Ok(());
    }
    let name = engine.settings().platform_name.as_str();
    let language = Language::of_locale(user.as_ref().and_then(|user| user.locale.as_deref()));
    let description = format!("{} {}", kept_by(name, language), calendar_marker(engine, integration));
    let zone = user.and_then(|user| zone::primary(&user.time_zone?));
    let (description, zone) = (description.as_str(), zone.as_deref());
    let make = pass.google.call(Operation::CreateCalendar, |google, token| async move {
        google.insert_calendar(&token, name, description, zone).await
    });
    let calendar = make.await?;
    if !ready(pass, &calendar).await? {
        // Its user chose another one meanwhile. Nothing was put into this one yet. Where it can't be removed now, it
        // is looked for once more with what else of ours is left.
        old_calendars::remove(pass, &calendar.id).await?;
    }
    Ok(())
}

/// One that was made before, where that may be.
async fn find(pass: &PassResult<'_>) -> Result<Option<CalendarEntry>, CallError> {
    let (engine, integration) = (pass.engine, pass.integration);
    let mut tx = engine.store().read().await?;
    let mut known = calendars::of_connection(&mut tx, (&integration.id, integration.epoch)).await?;
    drop(tx);
    known.retain(|one| one.is_ours);
    if known.is_empty() {
        return Ok(None);
    }
    let is_requested = known.iter().any(|one| one.id.is_none());
    let list =
        pass.google.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
    let listed = match list.await {
        // One that was left is only comfort; without that permission it is never found.
        Err(CallError::Failed(failure)) if failure.reason == Reason::ScopeMissing && !is_requested => {
            return Ok(None);
        }
        listed => listed?,
    };
    // One that is closed to us is as good as none.
    let is_usable = |one: &CalendarEntry| is_our_own(engine, integration, one) && one.access_role.can_write();
    Ok(listed.into_iter().find(is_usable))
}

/// What the calendar's description says to its user.
fn kept_by(name: &str, language: Language) -> String {
    match language {
        Language::English => format!("Kept by {name}."),
        Language::Japanese => format!("{name} が管理しています。"),
        Language::Korean => format!("{name}에서 관리합니다."),
    }
}

/// Stores that `calendar` is the target, and makes everything due there; false: it isn't awaited any more.
async fn ready(pass: &PassResult<'_>, calendar: &CalendarEntry) -> Result<bool, EngineError> {
    let (engine, integration) = (pass.engine, pass.integration);
    let (store, id, now) = (engine.store(), &integration.id, engine.now());
    let (calendar_id, summary) = (&calendar.id, &calendar.summary);
    retrying_tx!(engine, |tx| {
        leases::passes::renew(tx, &pass.claimed.lease).await?;
        let is_ready = integrations::calendar_ready(store, tx, id, calendar_id, summary, now).await?;
        if is_ready {
            mappings::mark_all_due(tx, &integration.user_id, now).await?;
        }
        is_ready
    })
}
