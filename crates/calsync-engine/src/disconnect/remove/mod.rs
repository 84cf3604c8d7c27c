//! Takes what was synced out of the user's calendar.
//!
//! What is ours is decided by the stamp and the derived id together: a copy that the user made of an
//! event of ours is theirs. A calendar that we made goes as a whole if nothing else is in it; in any
//! other calendar each event is removed by itself. Ended once a list by stamp shows nothing left.

mod delete_calendar;
mod items;

use calsync_core::disconnect::{RemoteItems, StepOutcome};
use calsync_core::integration::GOOGLE;
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_google::CalendarEntry;
use calsync_store::calendars::Calendar;

use super::run::{AfterError, DisconnectRun, StepResult};
use crate::EngineError;
use crate::google::{CallError, is_over};
use crate::ownership::is_our_own;

/// Items that a receipt names; the rest are counted.
const NAMED_MAX: i64 = 20;

pub(super) async fn remove_items(run: &mut DisconnectRun<'_>) -> Result<StepResult, EngineError> {
    if run.saga.provider != GOOGLE {
        return Ok(StepResult::skipped("calsync put nothing into this provider."));
    }
    if run.saga.remote_items == RemoteItems::Keep {
        return Ok(StepResult::skipped("What was synced stays in the calendar, as it was asked for."));
    }
    let (calendars, call_error) = calendars(run).await?;
    let mut ends = Vec::new();
    for calendar in &calendars {
        match remove_from(run, calendar).await? {
            StepResult::Ended(outcome, receipt) => ends.push((outcome, receipt)),
            waits @ StepResult::Waits(_) => return Ok(waits),
        }
    }
    if let Some(call_error) = call_error {
        match conclude(run, None, call_error).await? {
            StepResult::Ended(outcome, receipt) => ends.push((outcome, receipt)),
            waits @ StepResult::Waits(_) => return Ok(waits),
        }
    }
    Ok(combine(ends))
}

/// A calendar that may hold what was synced.
struct CandidateCalendar {
    id: String,
    /// Whether we made it.
    is_own: bool,
}

async fn remove_from(
    run: &mut DisconnectRun<'_>,
    calendar: &CandidateCalendar,
) -> Result<StepResult, EngineError> {
    if calendar.is_own {
        match delete_calendar::remove(run, &calendar.id).await {
            Ok(Some(result)) => return Ok(result),
            Ok(None) => {}
            Err(call_error) => return conclude(run, Some(calendar), call_error).await,
        }
    }
    match items::remove(run, &calendar.id).await {
        Ok(result) => Ok(result),
        Err(call_error) => conclude(run, Some(calendar), call_error).await,
    }
}

/// The end of the step over all calendars: it could not be done if one could not.
fn combine(ends: Vec<(StepOutcome, String)>) -> StepResult {
    let ended_so = |outcome: StepOutcome| ends.iter().any(|(one, _)| *one == outcome);
    let outcome = [StepOutcome::CouldNot, StepOutcome::Done].into_iter().find(|outcome| ended_so(*outcome));
    let receipts: Vec<&str> = ends.iter().map(|(_, receipt)| receipt.as_str()).collect();
    match (receipts.is_empty(), outcome) {
        (true, _) => StepResult::already_so("Nothing was ever put into a calendar."),
        (false, outcome) => StepResult::Ended(outcome.unwrap_or(StepOutcome::AlreadySo), receipts.join(" ")),
    }
}

/// The calendars that may hold what was synced, the target first: those of ours, and of the user's those in which
/// something is known to be. One of ours that may have been made without our knowing is looked for; why it can't be,
/// comes beside.
async fn calendars(
    run: &mut DisconnectRun<'_>,
) -> Result<(Vec<CandidateCalendar>, Option<CallError>), EngineError> {
    let integration = run.integration.clone();
    let known = run.source.calendars().await?;
    let is_target = |id: &str| integration.target_calendar_id.as_deref() == Some(id);
    let candidate = |one: &Calendar| {
        let id = one.id.clone().filter(|id| one.is_ours || one.has_items || is_target(id))?;
        Some(CandidateCalendar { id, is_own: one.is_ours })
    };
    let mut calendars: Vec<CandidateCalendar> = known.iter().filter_map(candidate).collect();
    calendars.sort_by_key(|calendar| !is_target(&calendar.id));
    let mut call_error = None;
    if known.iter().any(|one| one.id.is_none()) {
        let listed =
            run.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
        match listed.await {
            Ok(listed) => {
                let is_known = |id: &String| known.iter().any(|one| one.id.as_ref() == Some(id));
                let is_new =
                    |one: &CalendarEntry| is_our_own(run.engine, &integration, one) && !is_known(&one.id);
                let own = listed.into_iter().filter(is_new);
                calendars.extend(own.map(|one| CandidateCalendar { id: one.id, is_own: true }));
            }
            Err(why) => call_error = Some(why),
        }
    }
    Ok((calendars, call_error))
}

/// What becomes of the step after `call_error`: another try, or an end that names what is left.
async fn conclude(
    run: &DisconnectRun<'_>,
    calendar: Option<&CandidateCalendar>,
    call_error: CallError,
) -> Result<StepResult, EngineError> {
    let failure = match run.after_error(call_error)? {
        AfterError::Waits(pause) => return Ok(StepResult::Waits(pause)),
        AfterError::Ends(failure) => failure,
    };
    if failure.is_calendar_absent() && is_empty(run, calendar).await? {
        let receipt = "The calendar was gone, and with it everything that was synced.";
        return Ok(StepResult::already_so(receipt));
    }
    let why = match failure.http_status {
        None if failure.reason == Reason::GrantUnknown => "We hold no token to reach the calendar with.",
        _ if is_over(failure.reason) => "Google has ended our access.",
        _ => failure.reason.info().admin_sentence,
    };
    could_not(run, calendar.map_or("", |calendar| calendar.id.as_str()), why).await
}

/// Whether a calendar that Google doesn't show us leaves nothing behind: ours is gone then, but one
/// of the user's may only be closed to us.
async fn is_empty(
    run: &DisconnectRun<'_>,
    calendar: Option<&CandidateCalendar>,
) -> Result<bool, EngineError> {
    let Some(calendar) = calendar.filter(|calendar| !calendar.is_own) else { return Ok(true) };
    Ok(run.source.count(&calendar.id).await? == 0)
}

/// The end without success: counts what is left in the calendar and names the first of it.
async fn could_not(run: &DisconnectRun<'_>, calendar_id: &str, why: &str) -> Result<StepResult, EngineError> {
    let left = run.source.count(calendar_id).await?;
    let named = run.source.items(calendar_id, None, NAMED_MAX).await?;
    let names: Vec<String> = named.iter().map(|one| one.item.to_string()).collect();
    let removed = run.saga.removed;
    let mut receipt = format!("{why} {removed} removed, {left} may be left");
    if !names.is_empty() {
        let more = if left > NAMED_MAX { " and more" } else { "" };
        receipt.push_str(&format!(": {}{more}", names.join(", ")));
    }
    receipt.push('.');
    Ok(StepResult::could_not(receipt))
}
