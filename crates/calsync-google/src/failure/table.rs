//! The one table of what Google's errors mean. The first row that fits decides, so what is sharp
//! stands before what is blunt.
//!
//! Sources: the Calendar API's guides "Handle API errors" and "Manage quotas", the identity guide's
//! "Errors" of the token and consent endpoints, and `google.rpc.ErrorInfo`'s `SERVICE_DISABLED` etc.

use calsync_core::outcome::Operation::{Delete, DeleteCalendar, Get, Insert, List, Update};
use calsync_core::outcome::Outcome::{self, PutOff, Refused, Unknown};
use calsync_core::reason::Reason;
use http::StatusCode;

use super::ErrorSource::{self, Calendar, Consent, Event, Token, Userinfo};
use super::body::{GoogleError, USER_LIMIT};

/// One line of the table.
struct Row {
    when: When,
    asked: fn(ErrorSource) -> bool,
    outcome: Outcome,
    reason: Reason,
}

/// What an answer must be like for a row to fit.
enum When {
    /// The status alone says it, whatever is named beside it.
    Status(u16, u16),
    /// The first error is about one of these parameters.
    About(&'static [&'static str]),
    /// One of these is named.
    Named(&'static [&'static str]),
    /// One of these is named, or nothing is named and this is the status.
    NamedOr(&'static [&'static str], u16),
}
use When::{About, Named, NamedOr, Status};

const fn row(when: When, asked: fn(ErrorSource) -> bool, outcome: Outcome, reason: Reason) -> Row {
    Row { when, asked, outcome, reason }
}

const TABLE: &[Row] = &[
    // Failures of Google's own: the call may have had its effect.
    row(Status(500, 599), any, Unknown, Reason::GoogleUnavailable),
    row(Status(408, 408), any, Unknown, Reason::GoogleSlow),
    row(Named(&["server_error", "temporarily_unavailable"]), oauth, Unknown, Reason::GoogleUnavailable),
    // The grant and the client. A 401 of an API is a stale token, once.
    row(Status(401, 401), api, Refused, Reason::GrantUnknown),
    row(Named(&["invalid_rapt"]), oauth, Refused, Reason::GrantExpired),
    row(Named(&["invalid_grant", "invalid_token"]), oauth, Refused, Reason::GrantUnknown),
    row(Named(OUR_CLIENT), oauth, Refused, Reason::ClientInvalid),
    row(Named(&["org_internal", "admin_policy_enforced"]), oauth, Refused, Reason::OrgBlocksApp),
    row(Named(&["access_denied"]), consent, Refused, Reason::ConsentDenied),
    row(Named(SCOPE), any, Refused, Reason::ScopeMissing),
    row(Named(&["domainPolicy"]), api, Refused, Reason::OrgBlocksApp),
    // The project: switched off, or out of quota.
    row(
        Named(&["SERVICE_DISABLED", "BILLING_DISABLED", "accessNotConfigured"]),
        api,
        Refused,
        Reason::ApiDisabled,
    ),
    row(Named(&["dailyLimitExceeded", "defaultPerDayPerProject"]), api, PutOff, Reason::DailyLimit),
    // Limits of a user. Google names both limits of a minute `rateLimitExceeded` and tells them apart beside it.
    row(Named(&["quotaExceeded"]), api, PutOff, Reason::UserQuota),
    row(Named(&["userRateLimitExceeded", USER_LIMIT]), api, PutOff, Reason::UserRate),
    row(Named(RATE), any, PutOff, Reason::ProjectQuota),
    row(Status(429, 429), oauth, PutOff, Reason::ProjectQuota),
    row(Status(429, 429), api, PutOff, Reason::UserRate),
    // The stream of changes. A token that Google can't read is as good as one that is too old.
    row(Named(&["fullSyncRequired", "updatedMinTooLongAgo"]), api, Refused, Reason::SyncTokenExpired),
    row(About(&["syncToken", "pageToken"]), listing, Refused, Reason::SyncTokenExpired),
    row(NamedOr(&[], 410), listing, Refused, Reason::SyncTokenExpired),
    // The item as it is.
    row(
        Named(&["forbiddenForNonOrganizer", "eventTypeRestriction"]),
        one_event,
        Refused,
        Reason::ItemRefused,
    ),
    row(NamedOr(BAD_REQUEST, 400), one_event, Refused, Reason::ItemRefused),
    row(NamedOr(&["duplicate", "ALREADY_EXISTS"], 409), one_event, Refused, Reason::Conflict),
    row(NamedOr(&["conditionNotMet"], 412), one_event, Refused, Reason::Conflict),
    row(NamedOr(&["deleted"], 410), one_event, Refused, Reason::ItemGone),
    row(NamedOr(NOT_FOUND, 404), known_event, Refused, Reason::ItemGone),
    // The calendar.
    row(NamedOr(NOT_FOUND, 404), known_calendar, Refused, Reason::CalendarGone),
    row(NamedOr(&["deleted"], 410), known_calendar, Refused, Reason::CalendarGone),
    row(Named(NO_ACCESS), writing, Refused, Reason::CalendarReadOnly),
    row(Named(NO_ACCESS), reading, Refused, Reason::CalendarGone),
];

const OUR_CLIENT: &[&str] =
    &["invalid_client", "unauthorized_client", "deleted_client", "disabled_client", "redirect_uri_mismatch"];
const SCOPE: &[&str] = &["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions", "insufficient_scope"];
const RATE: &[&str] =
    &["rateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", "rate_limit_exceeded"];
const BAD_REQUEST: &[&str] = &[
    "badRequest",
    "invalid",
    "timeRangeEmpty",
    "required",
    "parseError",
    "invalidParameter",
    "INVALID_ARGUMENT",
];
const NOT_FOUND: &[&str] = &["notFound", "NOT_FOUND"];
const NO_ACCESS: &[&str] = &["forbidden", "requiredAccessLevel"];

const fn any(_: ErrorSource) -> bool {
    true
}

const fn oauth(asked: ErrorSource) -> bool {
    matches!(asked, Token(_) | Consent)
}

const fn consent(asked: ErrorSource) -> bool {
    matches!(asked, Consent)
}

const fn api(asked: ErrorSource) -> bool {
    matches!(asked, Userinfo | Event(_) | Calendar(_))
}

const fn listing(asked: ErrorSource) -> bool {
    matches!(asked, Event(List))
}

const fn one_event(asked: ErrorSource) -> bool {
    matches!(asked, Event(Insert | Update | Delete | Get))
}

/// An event that was there before: a 404 may mean it. One that is made can only miss its calendar.
const fn known_event(asked: ErrorSource) -> bool {
    matches!(asked, Event(Update | Delete | Get))
}

const fn known_calendar(asked: ErrorSource) -> bool {
    matches!(asked, Event(Insert | List) | Calendar(Get | DeleteCalendar))
}

const fn writing(asked: ErrorSource) -> bool {
    matches!(asked, Event(Insert | Update | Delete) | Calendar(DeleteCalendar))
}

const fn reading(asked: ErrorSource) -> bool {
    matches!(asked, Event(Get | List) | Calendar(Get))
}

/// What an answer of `status` that says `error` means to the one who `asked`, and the name that
/// decided it. What no row knows is [`Reason::Unknown`].
pub(super) fn judge(
    asked: ErrorSource,
    status: StatusCode,
    error: Option<&GoogleError>,
) -> (Outcome, Reason, Option<&str>) {
    match TABLE.iter().find(|row| row.fits(asked, status, error)) {
        Some(row) => (row.outcome, row.reason, row.named(error)),
        None => (Refused, Reason::Unknown, None),
    }
}

impl Row {
    fn fits(&self, asked: ErrorSource, status: StatusCode, error: Option<&GoogleError>) -> bool {
        let unnamed = error.is_none_or(|error| error.names.is_empty());
        (self.asked)(asked)
            && match self.when {
                Status(first, last) => (first..=last).contains(&status.as_u16()),
                About(places) => error
                    .and_then(|error| error.location.as_deref())
                    .is_some_and(|location| places.contains(&location)),
                Named(_) => self.named(error).is_some(),
                NamedOr(_, bare) => self.named(error).is_some() || (unnamed && bare == status.as_u16()),
            }
    }

    /// The first name in `error` that the row is about.
    fn named<'a>(&self, error: Option<&'a GoogleError>) -> Option<&'a str> {
        match self.when {
            Named(known) | NamedOr(known, _) => {
                error?.names.iter().map(String::as_str).find(|name| known.contains(name))
            }
            Status(..) | About(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
