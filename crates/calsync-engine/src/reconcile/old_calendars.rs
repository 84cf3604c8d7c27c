//! Removes a calendar of our own that was left for another one, once nothing is to be moved any more
//! and nothing but what we made is in it. What its user keeps there stays, and the calendar with it.

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{CalendarEntry, Deleted, Failure};
use calsync_store::calendars::{self, Calendar};
use calsync_store::leases;

use super::commit::PassResult;
use super::mapping::{is_closed, outcome};
use crate::google::CallError;
use crate::ownership::{CalendarScan, is_our_own};
use crate::transaction::retrying_tx;

/// One of ours that was looked at, and whether it stays. Of one that was only announced the id is not known.
struct Settled {
    id: Option<String>,
    stays: bool,
}

/// Removes what is left of calendars of our own beside the target.
pub(super) async fn remove_old_calendars(pass: &mut PassResult<'_>) -> Result<(), CallError> {
    let settled = settle(pass).await?;
    let of = (pass.integration.id.as_str(), pass.integration.epoch);
    retrying_tx!(pass.engine, |tx| {
        leases::passes::renew(tx, &pass.claimed.lease).await?;
        for Settled { id, stays } in &settled {
            match stays {
                true => calendars::stays(tx, of, id.as_deref()).await?,
                false => calendars::gone(tx, of, id.as_deref()).await?,
            }
        }
    })?;
    pass.old_calendars_removed();
    Ok(())
}

/// Removes those that may go, of what we know of and of what Google lists beside.
async fn settle(pass: &PassResult<'_>) -> Result<Vec<Settled>, CallError> {
    let (engine, integration) = (pass.engine, pass.integration);
    let mut tx = engine.store().read().await?;
    let mut known = calendars::of_connection(&mut tx, (&integration.id, integration.epoch)).await?;
    drop(tx);
    let is_target = |id: &str| integration.target_calendar_id.as_deref() == Some(id);
    known.retain(|one| one.is_ours && !one.id.as_deref().is_some_and(is_target));
    let list =
        pass.google.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
    let listed = match list.await {
        // Without that permission none is found, now or later.
        Err(CallError::Failed(failure)) if failure.reason == Reason::ScopeMissing => {
            return Ok(known.into_iter().map(|one| Settled { id: one.id, stays: true }).collect());
        }
        listed => listed?,
    };
    let is_old = |one: &CalendarEntry| is_our_own(engine, integration, one) && !is_target(&one.id);
    let listed: Vec<String> = listed.into_iter().filter(is_old).map(|one| one.id).collect();
    let has_items = |id: &String| known.iter().any(|one| one.has_items && one.id.as_ref() == Some(id));
    let mut settled = Vec::new();
    for id in &listed {
        let stays = has_items(id) || !remove(pass, id).await?;
        settled.push(Settled { id: Some(id.clone()), stays });
    }
    // What Google doesn't list is gone. As long as mappings tell of it, it is remembered.
    let is_listed = |one: &Calendar| one.id.as_ref().is_some_and(|id| listed.contains(id));
    let rest = known.iter().filter(|one| !is_listed(one));
    settled.extend(rest.map(|one| Settled { id: one.id.clone(), stays: one.has_items }));
    Ok(settled)
}

/// Removes a calendar of our own that isn't the target, unless something that isn't ours is in it; whether it is
/// gone. What Google refuses for good is told as left behind; what may still succeed is an error.
pub(super) async fn remove(pass: &PassResult<'_>, calendar_id: &str) -> Result<bool, CallError> {
    match remove_if_ours(pass, calendar_id).await {
        Ok(None) => Ok(false),
        Ok(Some(deleted)) => {
            pass.google.journal.note(None, Operation::DeleteCalendar, Ok(outcome(deleted)));
            Ok(true)
        }
        Err(CallError::Failed(failure)) if is_for_good(&failure) => {
            let is_gone = failure.reason == Reason::CalendarGone;
            let failure = Failure { reason: Reason::LeftBehind, ..failure };
            pass.google.journal.note(None, Operation::DeleteCalendar, Err(&failure));
            Ok(is_gone)
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
