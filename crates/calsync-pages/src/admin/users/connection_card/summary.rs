//! What a user's page opens with: how a connection is, in a sentence, since when, and what is next.
//!
//! One that stands as a whole says also what of it doesn't work: a last call that failed, items that
//! are parked.

use calsync_core::integration::IntegrationState;
use calsync_http::views::Audience;
use calsync_http::views::integration::IntegrationView;
use calsync_http::views::next_step::NextStep;
use calsync_store::sync_errors::SyncError;
use jiff::Timestamp;

use crate::admin::display::State;

/// The answer, in parts.
pub(super) struct ConnectionSummary {
    pub(super) tone: &'static str,
    pub(super) sentence: String,
    pub(super) evidence: Option<String>,
    /// Since when it is not as it should be.
    pub(super) since: Option<Timestamp>,
    pub(super) next_who: &'static str,
    pub(super) next_step: &'static str,
}

impl ConnectionSummary {
    /// On the connection `one`, which shows as `state`; `newest` is its user's newest error.
    pub(super) fn new(one: &IntegrationView, state: State, newest: Option<&SyncError>) -> Self {
        let stands = one.state == IntegrationState::Active;
        let failed = newest.filter(|_| stands && one.last_error_at > one.last_success_at);
        match (failed, one.counts.parked) {
            (Some(error), _) => Self::last_call_failed(error, state.tone),
            (None, parked @ 1..) if stands => Self::parked(parked),
            _ => Self {
                tone: state.tone,
                sentence: one.sentence.to_owned(),
                evidence: one.evidence.clone(),
                since: since(one),
                next_who: one.next_step.who_word(),
                next_step: one.next_step.text(),
            },
        }
    }

    fn last_call_failed(error: &SyncError, tone: &'static str) -> Self {
        let item = match (&error.kind, &error.item_id) {
            (Some(kind), Some(id)) => format!(" {kind} {id}"),
            _ => String::new(),
        };
        let why = error.reason.info().admin_sentence;
        let next = NextStep::for_reason(error.reason, Audience::Admin);
        Self {
            tone,
            sentence: "Google Calendar is connected, but the last call failed.".into(),
            evidence: Some(format!("{}{item}: {why}", error.operation.name())),
            since: Some(error.at),
            next_who: next.who_word(),
            next_step: next.text(),
        }
    }

    fn parked(items: i64) -> Self {
        let parked =
            if items == 1 { "1 item is parked".to_owned() } else { format!("{items} items are parked") };
        Self {
            tone: "warn",
            sentence: format!("Google Calendar is connected, but {parked}."),
            evidence: Some("What is parked is stopped until something changes.".into()),
            since: None,
            next_who: "support",
            next_step: "Look among the items why.",
        }
    }
}

/// A connection that needs its user makes no calls: its last error is the one that stopped it.
fn since(one: &IntegrationView) -> Option<Timestamp> {
    match one.state {
        IntegrationState::NeedsAction => one.last_error_at,
        IntegrationState::Delayed => one.waiting_since,
        _ => None,
    }
}
