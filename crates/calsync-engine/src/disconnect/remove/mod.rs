//! Takes what was synced out of the user's calendar.
//!
//! What is ours is decided by the stamp and the derived id together: a copy that the user made of an
//! event of ours is theirs. A calendar that we made goes as a whole if nothing else is in it; in any
//! other calendar each event is removed by itself. Ended once a list by stamp shows nothing left.

mod items;
mod whole;

use std::collections::BTreeSet;

use calsync_core::disconnect::{RemoteItems, StepOutcome};
use calsync_core::integration::{CalendarChoice, GOOGLE};
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::CalendarState;

use super::carrier::{Carrier, Taken};
use super::tokens::{NoToken, is_over};
use crate::EngineError;
use crate::reconcile::calendar::is_our_own;

/// Items that a receipt names; the rest are counted.
const NAMED_MAX: i64 = 20;

/// A call that did not succeed; what becomes of the step.
type Trouble = NoToken;

pub(super) async fn remove_items(carrier: &mut Carrier<'_>) -> Result<Taken, EngineError> {
    if carrier.saga.provider != GOOGLE {
        return Ok(Taken::skipped("calsync put nothing into this provider."));
    }
    if carrier.saga.remote_items == RemoteItems::Keep {
        return Ok(Taken::skipped("What was synced stays in the calendar, as it was asked for."));
    }
    let (calendars, trouble) = calendars(carrier).await?;
    let mut ends = Vec::new();
    for calendar in &calendars {
        match remove_from(carrier, calendar).await? {
            Taken::Ended(outcome, receipt) => ends.push((outcome, receipt)),
            waits @ Taken::Waits(_) => return Ok(waits),
        }
    }
    if let Some(trouble) = trouble {
        match ended(carrier, None, trouble).await? {
            Taken::Ended(outcome, receipt) => ends.push((outcome, receipt)),
            waits @ Taken::Waits(_) => return Ok(waits),
        }
    }
    Ok(together(ends))
}

/// A calendar that may hold what was synced.
struct Kept {
    id: String,
    /// Whether we made it.
    is_own: bool,
}

async fn remove_from(carrier: &mut Carrier<'_>, calendar: &Kept) -> Result<Taken, EngineError> {
    if calendar.is_own {
        match whole::remove(carrier, &calendar.id).await? {
            Ok(Some(taken)) => return Ok(taken),
            Ok(None) => {}
            Err(trouble) => return ended(carrier, Some(calendar), trouble).await,
        }
    }
    match items::remove(carrier, &calendar.id).await? {
        Ok(taken) => Ok(taken),
        Err(trouble) => ended(carrier, Some(calendar), trouble).await,
    }
}

/// The end of the step over all calendars: it could not be done if one could not.
fn together(ends: Vec<(StepOutcome, String)>) -> Taken {
    let ended_so = |outcome: StepOutcome| ends.iter().any(|(one, _)| *one == outcome);
    let outcome = [StepOutcome::CouldNot, StepOutcome::Done].into_iter().find(|outcome| ended_so(*outcome));
    let receipts: Vec<&str> = ends.iter().map(|(_, receipt)| receipt.as_str()).collect();
    match (receipts.is_empty(), outcome) {
        (true, _) => Taken::already_so("Nothing was ever put into a calendar."),
        (false, outcome) => Taken::Ended(outcome.unwrap_or(StepOutcome::AlreadySo), receipts.join(" ")),
    }
}

/// The calendars that may hold what was synced: the target, those that items still move away from, and
/// of our own also one that was made and whose answer was lost; and why that one can't be looked for.
async fn calendars(carrier: &mut Carrier<'_>) -> Result<(Vec<Kept>, Option<Trouble>), EngineError> {
    let integration = carrier.integration.clone();
    let (mut calendars, mut trouble) = (Vec::new(), None);
    if let Some(id) = &integration.target_calendar_id {
        calendars.push(Kept { id: id.clone(), is_own: integration.calendar_choice == CalendarChoice::New });
    }
    if integration.calendar_state == CalendarState::Requested || integration.leaves_own_calendar {
        let listed =
            carrier.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
        match listed.await? {
            Ok(listed) => {
                let own = listed.into_iter().filter(|one| is_our_own(carrier.engine, &integration, one));
                calendars.extend(own.map(|one| Kept { id: one.id, is_own: true }));
            }
            Err(why) => trouble = Some(why),
        }
    }
    let told = carrier.calendars_left().await?;
    let own = carrier.own_calendars().await?;
    calendars.extend(told.into_iter().map(|id| Kept { is_own: own.contains(&id), id }));
    let mut seen = BTreeSet::new();
    calendars.retain(|calendar| seen.insert(calendar.id.clone()));
    Ok((calendars, trouble))
}

/// What becomes of the step after `trouble`: another try, or an end that names what is left.
async fn ended(
    carrier: &Carrier<'_>,
    calendar: Option<&Kept>,
    trouble: Trouble,
) -> Result<Taken, EngineError> {
    let why = match &trouble {
        NoToken::Absent => "We hold no token to reach the calendar with.",
        NoToken::Unreadable => Reason::TokenUnreadable.info().admin_sentence,
        NoToken::Failed(failure) if is_over(failure) => "Google has ended our access.",
        NoToken::Failed(failure) if is_absent(failure) && holds_nothing(carrier, calendar).await? => {
            return Ok(Taken::already_so("The calendar was gone, and with it everything that was synced."));
        }
        NoToken::Failed(failure) => {
            if let Some(later) = carrier.later(failure) {
                return Ok(later);
            }
            failure.reason.info().admin_sentence
        }
    };
    could_not(carrier, calendar.map_or("", |calendar| calendar.id.as_str()), why).await
}

/// Whether a calendar that Google doesn't show us leaves nothing behind: ours is gone then, but one
/// of the user's may only be closed to us.
async fn holds_nothing(carrier: &Carrier<'_>, calendar: Option<&Kept>) -> Result<bool, EngineError> {
    let Some(calendar) = calendar.filter(|calendar| !calendar.is_own) else { return Ok(true) };
    Ok(carrier.count_left(&calendar.id).await? == 0)
}

fn is_absent(failure: &Failure) -> bool {
    failure.reason == Reason::CalendarGone && matches!(failure.http_status, Some(404 | 410))
}

/// The end without success: counts what is left in the calendar and names the first of it.
async fn could_not(carrier: &Carrier<'_>, calendar_id: &str, why: &str) -> Result<Taken, EngineError> {
    let left = carrier.count_left(calendar_id).await?;
    let named = carrier.left(calendar_id, None, NAMED_MAX).await?;
    let names: Vec<String> = named.iter().map(|one| one.item.to_string()).collect();
    let removed = carrier.saga.removed;
    let mut receipt = format!("{why} {removed} removed, {left} may be left");
    if !names.is_empty() {
        let more = if left > NAMED_MAX { " and more" } else { "" };
        receipt.push_str(&format!(": {}{more}", names.join(", ")));
    }
    receipt.push('.');
    Ok(Taken::could_not(receipt))
}
