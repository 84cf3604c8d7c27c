//! A pause as it is shown to admins.

use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use calsync_store::pauses::Pause;
use jiff::Timestamp;
use serde::Serialize;

/// A pause.
#[derive(Serialize)]
pub struct PauseView {
    id: String,
    scope: PauseScope,
    /// Which domain, user or operation.
    key: Option<String>,
    reason: Reason,
    sentence: &'static str,
    since: Timestamp,
    until: Option<Timestamp>,
    /// When the next connection may try whether it is over; an admin's nobody tries.
    next_probe_at: Option<Timestamp>,
    note: Option<String>,
    admin_id: Option<String>,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        let sentence = sentence(&pause);
        let (admin_id, note) = pause.by.map(|by| (by.admin_id, by.note)).unzip();
        Self {
            id: pause.id,
            scope: pause.scope,
            key: Some(pause.key).filter(|key| !key.is_empty()),
            reason: pause.reason,
            sentence,
            since: pause.began_at,
            until: pause.until,
            next_probe_at: pause.probe_at,
            note,
            admin_id,
        }
    }
}

/// What it means.
fn sentence(pause: &Pause) -> &'static str {
    match (&pause.by, pause.scope) {
        (Some(_), PauseScope::Everything) => {
            "An admin paused all that is sent to Google: nothing syncs, and no disconnect goes on."
        }
        (Some(_), PauseScope::Domain) => {
            "An admin paused the connections of this domain. Disconnects go on all the same."
        }
        (Some(_), PauseScope::User) => {
            "An admin paused this user's connection. A disconnect goes on all the same."
        }
        (Some(_), PauseScope::Operation) => {
            "An admin paused this operation. What needs it waits, and disconnects go on all the same."
        }
        _ => pause.reason.info().admin_sentence,
    }
}
