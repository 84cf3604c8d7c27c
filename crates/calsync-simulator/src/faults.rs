//! Fault rules: which calls go wrong, and how.
//!
//! Rules are tried in their order; the first that matches, isn't used up and wins its
//! draw takes the call. A rule that loses its draw leaves the call to the rules after it,
//! so that `5 % this` and `5 % that` can stand beside each other. Draws are seeded.

use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::random::Random;

/// One rule of `PUT /_control/faults`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which calls; empty matches every call.
    #[serde(rename = "match", default)]
    pub matches: FaultMatch,
    /// What happens to them.
    pub effect: FaultEffect,
    /// 0 to 1; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How often the rule strikes before it is used up; absent is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

/// What a call must be for a rule to strike; what is absent matches everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultMatch {
    /// `oauth`, `calendar`, `tasks` or `push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// `events.insert`, `token` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The e-mail address of the Google account that calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The account's `hd`, else its address's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The calendar's id (`primary` is written as the account's address).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// What a rule does to a call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEffect {
    /// Answer with this status, without doing anything. With `lose_response` the call is done and this is moot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error's reason (for `oauth` the body's `error`); alone, it implies its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds in a `Retry-After` header of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Answer this much later; the effect stands before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Do the call, then close the connection without an answer.
    #[serde(default)]
    pub lose_response: bool,
    /// Do the call, then cut the body short.
    #[serde(default)]
    pub garble: bool,
    /// For `token` with a refresh token: give a new one too, whose first use ends the old one.
    #[serde(default)]
    pub rotate: bool,
    /// For pushes: never deliver.
    #[serde(default)]
    pub drop: bool,
    /// For pushes: deliver twice.
    #[serde(default)]
    pub duplicate: bool,
}

/// Whom a call concerns, in the words of [`FaultMatch`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target<'a> {
    pub(crate) api: &'a str,
    pub(crate) method: &'a str,
    pub(crate) account: Option<&'a str>,
    pub(crate) domain: Option<&'a str>,
    pub(crate) calendar: Option<&'a str>,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FaultRule>);

impl Faults {
    pub(crate) fn set(&mut self, rules: Vec<FaultRule>) {
        self.0 = rules;
    }

    /// The rules, with the `times` that are left.
    pub(crate) fn rules(&self) -> &[FaultRule] {
        &self.0
    }

    /// The effect on this call; nothing is the default effect.
    pub(crate) fn apply(&mut self, target: &Target<'_>, random: &mut Random) -> FaultEffect {
        for rule in &mut self.0 {
            if rule.times == Some(0) || !rule.matches.covers(target) {
                continue;
            }
            if rule.probability.is_some_and(|probability| !random.chance(probability)) {
                continue;
            }
            rule.times = rule.times.map(|left| left - 1);
            return rule.effect.clone();
        }
        FaultEffect::default()
    }
}

impl FaultMatch {
    fn covers(&self, target: &Target<'_>) -> bool {
        let fits = |wanted: &Option<String>, actual: Option<&str>| match wanted {
            None => true,
            Some(wanted) => actual.is_some_and(|actual| actual.eq_ignore_ascii_case(wanted)),
        };
        fits(&self.api, Some(target.api))
            && fits(&self.method, Some(target.method))
            && fits(&self.account, target.account)
            && fits(&self.domain, target.domain)
            && fits(&self.calendar, target.calendar)
    }
}

impl FaultEffect {
    /// The error that stands in for the call, in the shape of that API; `None` lets the call be done.
    pub(crate) fn refusal(&self, api: &str) -> Option<Answer> {
        if self.lose_response || (self.status.is_none() && self.reason.is_none()) {
            return None;
        }
        let answer = if api == "oauth" { self.oauth_refusal() } else { self.api_refusal() };
        Some(match self.retry_after {
            Some(seconds) => answer.with(header::RETRY_AFTER, HeaderValue::from(seconds)),
            None => answer,
        })
    }

    fn oauth_refusal(&self) -> Answer {
        let reason = self.reason.as_deref().unwrap_or(match self.status {
            Some(401) => "invalid_client",
            Some(status) if status >= 500 => "internal_failure",
            Some(429) => "rate_limit_exceeded",
            _ => "invalid_request",
        });
        let implied = if matches!(reason, "invalid_client" | "unauthorized_client") { 401 } else { 400 };
        let description = match reason {
            "invalid_grant" => "Token has been expired or revoked.",
            "invalid_client" => "The OAuth client was not found.",
            "unauthorized_client" => "Unauthorized",
            _ => "Bad Request",
        };
        let body = json!({"error": reason, "error_description": description});
        Answer::json(status(self.status.unwrap_or(implied)), &body)
    }

    fn api_refusal(&self) -> Answer {
        let implied = self.reason.as_deref().and_then(known).map_or(403, |(_, status, ..)| *status);
        let code = self.status.unwrap_or(implied);
        let reason = self.reason.clone().unwrap_or_else(|| usual_reason(code).to_owned());
        let (domain, message) = match known(&reason) {
            Some((_, _, domain, message)) => (*domain, *message),
            None => ("global", status(code).canonical_reason().unwrap_or("Error")),
        };
        Answer::from(ApiError::new(status(code), domain, reason, message))
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The reason that Google gives most often with a status.
fn usual_reason(code: u16) -> &'static str {
    match code {
        400 => "badRequest",
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        409 => "duplicate",
        410 => "deleted",
        412 => "conditionNotMet",
        429 => "rateLimitExceeded",
        _ => "backendError",
    }
}

/// A reason with the status, domain and message that Google sends with it.
type KnownReason = (&'static str, u16, &'static str, &'static str);

fn known(reason: &str) -> Option<&'static KnownReason> {
    KNOWN_REASONS.iter().find(|(name, ..)| *name == reason)
}

const KNOWN_REASONS: &[KnownReason] = &[
    ("badRequest", 400, "global", "Bad Request"),
    ("invalid", 400, "global", "Invalid Value"),
    ("timeRangeEmpty", 400, "calendar", "The specified time range is empty."),
    ("authError", 401, "global", "Invalid Credentials"),
    ("rateLimitExceeded", 403, "usageLimits", "Rate Limit Exceeded"),
    ("userRateLimitExceeded", 403, "usageLimits", "User Rate Limit Exceeded"),
    ("quotaExceeded", 403, "usageLimits", "Calendar usage limits exceeded."),
    ("dailyLimitExceeded", 403, "usageLimits", "Daily Limit Exceeded"),
    (
        "accessNotConfigured",
        403,
        "usageLimits",
        "Google Calendar API has not been used in project before or it is disabled.",
    ),
    ("SERVICE_DISABLED", 403, "googleapis.com", "Google Calendar API is disabled."),
    ("BILLING_DISABLED", 403, "googleapis.com", "This API method requires billing to be enabled."),
    (
        "forbiddenForNonOrganizer",
        403,
        "calendar",
        "Shared properties can only be changed by the organizer of the event.",
    ),
    ("insufficientPermissions", 403, "global", "Insufficient Permission"),
    ("forbidden", 403, "global", "Forbidden"),
    ("requiredAccessLevel", 403, "calendar", "You need to have writer access to this calendar."),
    ("notFound", 404, "global", "Not Found"),
    ("duplicate", 409, "global", "The requested identifier already exists."),
    ("deleted", 410, "global", "Resource has been deleted"),
    ("fullSyncRequired", 410, "calendar", "Sync token is no longer valid, a full sync is required."),
    (
        "updatedMinTooLongAgo",
        410,
        "calendar",
        "The requested minimum modification time lies too far in the past.",
    ),
    ("conditionNotMet", 412, "global", "Precondition Failed"),
    ("backendError", 503, "global", "Backend Error"),
    ("internalError", 500, "global", "Internal Error"),
];
