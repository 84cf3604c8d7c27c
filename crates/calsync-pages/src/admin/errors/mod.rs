//! `/admin/errors`: what failed, for everybody or one user.

pub(crate) mod get;
pub(crate) mod list;

use calsync_core::outcome::Outcome;
use calsync_core::reason::Actor;
use calsync_store::sync_errors::SyncError;
use jiff::Timestamp;

use super::display::{RelativeTime, State, short};
use super::{segment, user_href};

/// A sync error in a table.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) at: RelativeTime,
    pub(super) user_id: String,
    pub(super) user_href: String,
    pub(super) operation: &'static str,
    pub(super) item: String,
    pub(super) why: State,
    pub(super) why_word: String,
    pub(super) said: String,
    pub(super) next: &'static str,
}

impl Row {
    pub(super) fn new(error: SyncError, now: Timestamp) -> Self {
        let item = match (&error.kind, &error.item_id) {
            (Some(kind), Some(id)) => format!("{kind} {id}"),
            _ => String::new(),
        };
        Self {
            href: format!("/admin/errors/{}", segment(&error.id)),
            at: RelativeTime::new(error.at, now),
            user_href: user_href(&error.user_id),
            operation: error.operation.name(),
            item,
            why: tone(error.outcome),
            why_word: short(error.reason),
            said: said(&error),
            next: waits_for(error.reason.info().next_step.who),
            user_id: error.user_id,
        }
    }
}

/// What Google answered, verbatim; or that it didn't.
fn said(error: &SyncError) -> String {
    let status = error.http_status.map(|status| status.to_string());
    let parts = [status.as_deref(), error.provider_reason.as_deref()];
    let head = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    match (head.is_empty(), error.provider_message.as_deref().filter(|text| !text.is_empty())) {
        (true, None) => "no answer".to_owned(),
        (true, Some(message)) => message.to_owned(),
        (false, None) => head,
        (false, Some(message)) => format!("{head}: {message}"),
    }
}

const fn tone(outcome: Outcome) -> State {
    let (tone, word) = match outcome {
        Outcome::Refused => ("bad", "Refused"),
        Outcome::Unknown => ("warn", "No answer"),
        Outcome::PutOff => ("mute", "Put off"),
        Outcome::Done | Outcome::AlreadySo => ("good", "Done"),
    };
    State { tone, word }
}

const fn waits_for(who: Actor) -> &'static str {
    match who {
        Actor::User => "waits for the user",
        Actor::Support => "waits for support",
        Actor::Operator => "waits for an operator",
        Actor::Nobody => "is tried again",
    }
}
