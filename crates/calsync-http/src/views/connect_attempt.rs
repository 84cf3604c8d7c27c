//! A try to connect as it is shown.

use calsync_core::reason::Reason;
use calsync_store::consent::Attempt;
use jiff::Timestamp;
use serde::Serialize;

/// A try; one without an end was left at Google, or goes on there.
#[derive(Serialize)]
pub struct ConnectAttemptView {
    pub id: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub reason: Option<Reason>,
    /// The Google account with which the user came back, where it got that far.
    pub account_email: Option<String>,
    /// What was needed and not granted.
    pub missing_scopes: Vec<String>,
    pub sentence: &'static str,
}

impl From<Attempt> for ConnectAttemptView {
    fn from(attempt: Attempt) -> Self {
        let reason = attempt.reason.as_deref().and_then(Reason::from_name);
        let sentence = match (&attempt.ended_at, reason) {
            (_, Some(reason)) => reason.info().admin_sentence,
            (Some(_), None) => "Google Calendar was connected.",
            (None, None) => "The user went to Google and has not come back.",
        };
        let time = |micros| Timestamp::from_microsecond(micros).unwrap_or_default();
        Self {
            id: attempt.id,
            started_at: time(attempt.started_at),
            ended_at: attempt.ended_at.map(time),
            outcome: attempt.outcome,
            reason,
            account_email: attempt.account_email,
            missing_scopes: attempt.missing_scopes.split_whitespace().map(str::to_owned).collect(),
            sentence,
        }
    }
}
