//! What a call that did not succeed means.
//!
//! Google's `reason` decides; its status only where there is none. What is kept of Google's words
//! is verbatim but cut, and free of the secrets that the call carried. How often and when to try
//! again is not said here, beyond what Google itself asked for.

mod body;
mod retry_after;
mod table;

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use form_urlencoded::byte_serialize;
use http::{Response, StatusCode};
use jiff::SignedDuration;

use crate::transport::{Body, TransportError, TransportFailure};
use body::GoogleError;

/// Longest kept message of Google's, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;
/// Longest kept reason of Google's, in characters.
const REASON_CHARS_MAX: usize = 100;
/// Stands where a secret was.
const HIDDEN: &str = "[secret]";

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({})", reason.name(), outcome.name())]
pub struct Failure {
    /// `refused`, `unknown` or `put_off`.
    pub outcome: Outcome,
    /// The cause.
    pub reason: Reason,
    /// Google's status, if there was an answer.
    pub http_status: Option<u16>,
    /// Google's own word for the cause.
    pub provider_reason: Option<String>,
    /// What Google said, verbatim, or what the network said; at most 1,000 characters.
    pub provider_message: Option<String>,
    /// How long Google asked us to wait.
    pub retry_after: Option<SignedDuration>,
}

/// What was asked: the same answer means different things to different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorSource {
    /// The way back from Google's consent page.
    Consent,
    /// The token endpoint: `Exchange`, `Refresh` or `Revoke`.
    Token(Operation),
    /// Who a token speaks for.
    Userinfo,
    /// An event, or the events of a calendar (`List`).
    Event(Operation),
    /// A calendar, or the list of calendars (`List`).
    Calendar(Operation),
}

impl Failure {
    /// Whether the access token was refused: refresh it once and try once more.
    pub fn is_stale_token(&self) -> bool {
        self.reason == Reason::GrantUnknown && self.http_status == Some(401)
    }

    /// Something of ours kept the call from being sent.
    pub(crate) fn not_sendable(message: &str) -> Self {
        Self {
            provider_message: Some(message.to_owned()),
            ..Self::bare(Outcome::PutOff, Reason::ServiceFault)
        }
    }

    /// A call that was not sent, and that can be sent later.
    pub fn put_off() -> Self {
        Self::bare(Outcome::PutOff, Reason::WaitingTurn)
    }

    /// Whether the call was not sent, by a decision of our own: it can be sent later.
    pub fn is_put_off(&self) -> bool {
        self.outcome == Outcome::PutOff && self.reason == Reason::WaitingTurn
    }

    /// Whether Google says that the calendar isn't there, and not only that it is closed to us.
    pub fn is_calendar_absent(&self) -> bool {
        self.reason == Reason::CalendarGone && matches!(self.http_status, Some(404 | 410))
    }

    /// A calendar isn't among those of the account.
    pub fn calendar_gone() -> Self {
        Self { http_status: Some(404), ..Self::bare(Outcome::Refused, Reason::CalendarGone) }
    }

    /// Google answered a write as if it had done it, and its answer shows that it didn't.
    pub fn no_progress() -> Self {
        let message = "Google answered that it was done, and kept something else".to_owned();
        let failure = Self::bare(Outcome::Refused, Reason::NoProgress);
        Self { http_status: Some(200), provider_message: Some(message), ..failure }
    }

    /// Page follows page without end.
    pub(crate) fn endless_list() -> Self {
        let message = "the list doesn't end".to_owned();
        Self { provider_message: Some(message), ..Self::bare(Outcome::Unknown, Reason::AnswerGarbled) }
    }

    /// There is no whole answer.
    pub(crate) fn of_transport(error: &TransportError) -> Self {
        let (outcome, reason) = match error.kind {
            TransportFailure::NotSent => (Outcome::PutOff, Reason::Network),
            TransportFailure::PutOff => return Self::put_off(),
            TransportFailure::NoAnswer => (Outcome::Unknown, Reason::Network),
            TransportFailure::TooSlow => (Outcome::Unknown, Reason::GoogleSlow),
            TransportFailure::TooLarge => (Outcome::Unknown, Reason::AnswerGarbled),
        };
        Self { provider_message: Some(error.message.clone()), ..Self::bare(outcome, reason) }
    }

    /// The answer is not what Google's documents promise; the call may have had its effect.
    pub(crate) fn garbled(answer: &Response<Body>) -> Self {
        let status = Some(answer.status().as_u16());
        let failure = Self { http_status: status, ..Self::bare(Outcome::Unknown, Reason::AnswerGarbled) };
        failure.in_the_words_of(GoogleError::read(answer.body()).as_ref())
    }

    /// The answer is an error of Google's, or no answer of Google's at all.
    pub(crate) fn of_answer(source: ErrorSource, answer: &Response<Body>) -> Self {
        let status = answer.status();
        let error = GoogleError::read(answer.body());
        let (outcome, reason, decided_by) = match &error {
            None if !speaks_alone(status) => (Outcome::Unknown, Reason::AnswerGarbled, None),
            error => table::judge(source, status, error.as_ref()),
        };
        let failure = Self { http_status: Some(status.as_u16()), ..Self::bare(outcome, reason) };
        let mut failure = failure.in_the_words_of(error.as_ref());
        if let Some(name) = decided_by {
            failure.provider_reason = Some(name.to_owned());
        }
        if error.is_none() && !matches!(source, ErrorSource::Token(_)) {
            failure.provider_message = page(answer.body());
        }
        failure.retry_after = retry_after::read(answer.headers());
        failure
    }

    /// Takes `secrets` out of what was kept of Google's words, in case the answer echoed them as
    /// they are or as a form writes them. Only then the words are cut: half a secret isn't found.
    pub(crate) fn without<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            let in_a_form: String = byte_serialize(secret.as_bytes()).collect();
            for text in [&mut self.provider_reason, &mut self.provider_message].into_iter().flatten() {
                *text = text.replace(secret, HIDDEN).replace(&in_a_form, HIDDEN);
            }
        }
        let cut = |text: String, chars: usize| text.chars().take(chars).collect();
        self.provider_reason = self.provider_reason.map(|text| cut(text, REASON_CHARS_MAX));
        self.provider_message = self.provider_message.map(|text| cut(text, MESSAGE_CHARS_MAX));
        self
    }

    fn in_the_words_of(mut self, error: Option<&GoogleError>) -> Self {
        let Some(error) = error else { return self };
        self.provider_reason = error.names.first().cloned();
        self.provider_message.clone_from(&error.message);
        self
    }

    const fn bare(outcome: Outcome, reason: Reason) -> Self {
        Self {
            outcome,
            reason,
            http_status: None,
            provider_reason: None,
            provider_message: None,
            retry_after: None,
        }
    }
}

/// What `error` in the address of a way back from Google's consent page means.
pub(crate) fn of_consent(error: &str) -> Reason {
    let error = GoogleError { names: vec![error.to_owned()], location: None, message: None };
    // The way back is a redirect, so its status says nothing.
    table::judge(ErrorSource::Consent, StatusCode::FOUND, Some(&error)).1
}

/// Whether a status means the same without a word of Google's: its front door often says no more.
fn speaks_alone(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// A text that is not of Google's making: a proxy's page, say.
fn page(body: &[u8]) -> Option<String> {
    (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned())
}
