//! Takes what was synced out of the user's calendar.
//!
//! What is ours is decided by the stamp and the derived id together: a copy that the user made of an
//! event of ours is theirs. A calendar that we made goes as a whole if nothing else is in it; in any
//! other calendar each event is removed by itself. Ended once a list by stamp shows nothing left.

mod items;
mod ours;
mod whole;

use calsync_core::disconnect::RemoteItems;
use calsync_core::integration::{CalendarChoice, GOOGLE};
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::CalendarPhase;

use super::carrier::{Carrier, Taken};
use super::tokens::{NoToken, is_over};
use crate::EngineError;
use crate::reconcile::calendar::{marked, marker};

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
    let calendar_id = match calendar(carrier).await? {
        Ok(Some(calendar_id)) => calendar_id,
        Ok(None) => return Ok(Taken::already_so("Nothing was ever put into a calendar.")),
        Err(trouble) => return ended(carrier, trouble).await,
    };
    if carrier.integration.calendar_choice == CalendarChoice::New {
        match whole::remove(carrier, &calendar_id).await? {
            Ok(Some(taken)) => return Ok(taken),
            Ok(None) => {}
            Err(trouble) => return ended(carrier, trouble).await,
        }
    }
    match items::remove(carrier, &calendar_id).await? {
        Ok(taken) => Ok(taken),
        Err(trouble) => ended(carrier, trouble).await,
    }
}

/// The calendar that holds what was synced: the stored one, or one that was made and whose answer
/// was lost.
async fn calendar(carrier: &mut Carrier<'_>) -> Result<Result<Option<String>, Trouble>, EngineError> {
    let integration = &carrier.integration;
    if integration.target_calendar_id.is_some() {
        return Ok(Ok(integration.target_calendar_id.clone()));
    }
    if integration.calendar_phase != CalendarPhase::Told {
        return Ok(Ok(None));
    }
    let marker = marker(carrier.engine, integration);
    let listed =
        carrier.call(Operation::List, |google, token| async move { google.list_calendars(&token).await });
    Ok(listed.await?.map(|calendars| marked(calendars, &marker).map(|calendar| calendar.id)))
}

/// What becomes of the step after `trouble`: another try, or an end that names what is left.
async fn ended(carrier: &mut Carrier<'_>, trouble: Trouble) -> Result<Taken, EngineError> {
    let why = match &trouble {
        NoToken::Absent => "We hold no token to reach the calendar with.",
        NoToken::Unreadable => Reason::TokenUnreadable.entry().admin_sentence,
        NoToken::Failed(failure) if is_over(failure) => "Google has ended our access.",
        NoToken::Failed(failure) if is_absent(failure) && holds_nothing(carrier).await? => {
            return Ok(Taken::already_so("The calendar was gone, and with it everything that was synced."));
        }
        NoToken::Failed(failure) => {
            if let Some(later) = carrier.later(failure) {
                return Ok(later);
            }
            failure.reason.entry().admin_sentence
        }
    };
    could_not(carrier, why).await
}

/// Whether a calendar that Google doesn't show us leaves nothing behind: ours is gone then, but one
/// of the user's may only be closed to us.
async fn holds_nothing(carrier: &Carrier<'_>) -> Result<bool, EngineError> {
    if carrier.integration.calendar_choice == CalendarChoice::New {
        return Ok(true);
    }
    Ok(carrier.count_left().await? == 0)
}

fn is_absent(failure: &Failure) -> bool {
    failure.reason == Reason::CalendarGone && matches!(failure.http_status, Some(404 | 410))
}

/// The end without success: counts what is left and names the first of it.
async fn could_not(carrier: &Carrier<'_>, why: &str) -> Result<Taken, EngineError> {
    let left = carrier.count_left().await?;
    let named = carrier.left(None, NAMED_MAX).await?;
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
