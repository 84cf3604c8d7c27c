//! The table against Google's guide, row by row, through whole answers.

use std::collections::BTreeSet;

use calsync_core::outcome::Operation::{self, CreateCalendar, Exchange, Refresh, Revoke, Watch};
use http::Response;
use serde_json::{Value, json};

use super::super::Failure;
use super::*;
use crate::transport::Body;

const WRITES: [ErrorSource; 3] = [Event(Insert), Event(Update), Event(Delete)];
const KNOWN: [ErrorSource; 3] = [Event(Update), Event(Delete), Event(Get)];
const ONE: [ErrorSource; 4] = [Event(Insert), Event(Update), Event(Delete), Event(Get)];
const API: [ErrorSource; 9] = [
    Userinfo,
    Event(Insert),
    Event(Update),
    Event(Delete),
    Event(Get),
    Event(List),
    Calendar(Get),
    Calendar(List),
    Calendar(CreateCalendar),
];
const TOKENS: [ErrorSource; 3] = [Token(Exchange), Token(Refresh), Token(Revoke)];

/// `status`, Google's reason, who is told so, and what it means to each of them.
type Case<'a> = (u16, &'a str, &'a [ErrorSource], Outcome, Reason);

const CASES: &[Case<'_>] = &[
    (400, "badRequest", &ONE, Refused, Reason::ItemRefused),
    (400, "invalid", &ONE, Refused, Reason::ItemRefused),
    (400, "timeRangeEmpty", &ONE, Refused, Reason::ItemRefused),
    (400, "required", &ONE, Refused, Reason::ItemRefused),
    (400, "eventTypeRestriction", &ONE, Refused, Reason::ItemRefused),
    (401, "authError", &API, Refused, Reason::GrantUnknown),
    (401, "required", &API, Refused, Reason::GrantUnknown),
    (400, "invalid_grant", &TOKENS, Refused, Reason::GrantUnknown),
    (401, "invalid_client", &TOKENS, Refused, Reason::ClientInvalid),
    (401, "unauthorized_client", &TOKENS, Refused, Reason::ClientInvalid),
    (401, "deleted_client", &TOKENS, Refused, Reason::ClientInvalid),
    (400, "redirect_uri_mismatch", &TOKENS, Refused, Reason::ClientInvalid),
    (403, "org_internal", &TOKENS, Refused, Reason::OrgBlocksApp),
    (400, "admin_policy_enforced", &TOKENS, Refused, Reason::OrgBlocksApp),
    (403, "rate_limit_exceeded", &TOKENS, PutOff, Reason::ProjectQuota),
    (400, "temporarily_unavailable", &TOKENS, Unknown, Reason::GoogleUnavailable),
    (400, "invalid_token", &[Token(Revoke)], Refused, Reason::GrantUnknown),
    (403, "rateLimitExceeded", &API, PutOff, Reason::ProjectQuota),
    (429, "rateLimitExceeded", &API, PutOff, Reason::ProjectQuota),
    (403, "userRateLimitExceeded", &API, PutOff, Reason::UserRate),
    (429, "userRateLimitExceeded", &API, PutOff, Reason::UserRate),
    (429, "somethingNew", &API, PutOff, Reason::UserRate),
    (429, "something_new", &TOKENS, PutOff, Reason::ProjectQuota),
    (403, "quotaExceeded", &API, PutOff, Reason::UserQuota),
    (403, "dailyLimitExceeded", &API, PutOff, Reason::DailyLimit),
    (403, "accessNotConfigured", &API, Refused, Reason::ApiDisabled),
    (403, "SERVICE_DISABLED", &API, Refused, Reason::ApiDisabled),
    (403, "BILLING_DISABLED", &API, Refused, Reason::ApiDisabled),
    (403, "forbiddenForNonOrganizer", &WRITES, Refused, Reason::ItemRefused),
    (403, "insufficientPermissions", &API, Refused, Reason::ScopeMissing),
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", &API, Refused, Reason::ScopeMissing),
    (403, "domainPolicy", &API, Refused, Reason::OrgBlocksApp),
    (403, "forbidden", &WRITES, Refused, Reason::CalendarReadOnly),
    (403, "requiredAccessLevel", &WRITES, Refused, Reason::CalendarReadOnly),
    (403, "forbidden", &[Event(Get), Event(List), Calendar(Get)], Refused, Reason::CalendarGone),
    (403, "forbidden", &[Calendar(CreateCalendar)], Refused, Reason::Unknown),
    (404, "notFound", &KNOWN, Refused, Reason::ItemGone),
    (404, "notFound", &[Event(Insert), Event(List)], Refused, Reason::CalendarGone),
    (404, "notFound", &[Calendar(Get), Calendar(DeleteCalendar)], Refused, Reason::CalendarGone),
    (409, "duplicate", &[Event(Insert)], Refused, Reason::Conflict),
    (410, "fullSyncRequired", &[Event(List)], Refused, Reason::SyncTokenExpired),
    (410, "updatedMinTooLongAgo", &[Event(List)], Refused, Reason::SyncTokenExpired),
    (410, "deleted", &KNOWN, Refused, Reason::ItemGone),
    (410, "deleted", &[Calendar(DeleteCalendar)], Refused, Reason::CalendarGone),
    (412, "conditionNotMet", &[Event(Update), Event(Delete)], Refused, Reason::Conflict),
    (408, "requestTimeout", &API, Unknown, Reason::GoogleSlow),
    (500, "backendError", &API, Unknown, Reason::GoogleUnavailable),
    (502, "badGateway", &API, Unknown, Reason::GoogleUnavailable),
    (503, "backendError", &API, Unknown, Reason::GoogleUnavailable),
    (504, "deadline", &API, Unknown, Reason::GoogleUnavailable),
    (503, "internal_failure", &TOKENS, Unknown, Reason::GoogleUnavailable),
    (403, "neverSeenBefore", &API, Refused, Reason::Unknown),
    (400, "never_seen_before", &TOKENS, Refused, Reason::Unknown),
    (400, "invalid", &[Event(List), Calendar(CreateCalendar)], Refused, Reason::Unknown),
];

fn answer(status: u16, body: &Value) -> Response<Body> {
    Response::builder().status(status).body(body.to_string().into()).expect("an answer")
}

/// As the source words it: OAuth's bodies are flat.
fn named(asked: ErrorSource, status: u16, reason: &str) -> Value {
    match asked {
        Token(_) => json!({"error": reason, "error_description": "Words."}),
        _ => json!({"error": {
            "code": status, "message": "Words.",
            "errors": [{"domain": "global", "reason": reason, "message": "Words."}],
        }}),
    }
}

#[test]
fn each_reason_means_what_googles_guide_says() {
    let mut tried = BTreeSet::new();
    for &(status, reason, sources, outcome, expected) in CASES {
        for &asked in sources {
            let answer = answer(status, &named(asked, status, reason));
            let failure = Failure::of_answer(asked, &answer);
            let found = (failure.outcome, failure.reason);
            assert_eq!(found, (outcome, expected), "{status} {reason} for {asked:?}");
            assert_eq!(failure.http_status, Some(status));
            assert_eq!(failure.provider_reason.as_deref(), Some(reason), "its word is kept");
            assert_eq!(failure.provider_message.as_deref(), Some("Words."));
            let error = GoogleError::read(answer.body());
            tried.extend(TABLE.iter().position(|row| row.fits(asked, answer.status(), error.as_ref())));
        }
    }
    let others = [invalid_rapt(), consent_denied(), sync_token_unreadable(), gone_list()];
    let position = |(asked, status, body): (_, u16, Value)| {
        let (answer, error) = (answer(status, &body), GoogleError::read(body.to_string().as_bytes()));
        TABLE.iter().position(|row| row.fits(asked, answer.status(), error.as_ref()))
    };
    tried.extend(others.into_iter().filter_map(position));
    let untried: Vec<usize> = (0..TABLE.len()).filter(|row| !tried.contains(row)).collect();
    assert!(untried.is_empty(), "rows that no case reaches: {untried:?}");
}

fn invalid_rapt() -> (ErrorSource, u16, Value) {
    let body = json!({
        "error": "invalid_grant", "error_subtype": "invalid_rapt",
        "error_description": "reauth related error (invalid_rapt)",
    });
    (Token(Refresh), 400, body)
}

fn consent_denied() -> (ErrorSource, u16, Value) {
    (Consent, 302, json!({"error": "access_denied"}))
}

fn sync_token_unreadable() -> (ErrorSource, u16, Value) {
    let entry = json!({
        "reason": "invalid", "locationType": "parameter", "location": "syncToken",
        "message": "Invalid sync token value.",
    });
    (
        Event(List),
        400,
        json!({"error": {"code": 400, "errors": [entry], "message": "Invalid sync token value."}}),
    )
}

fn gone_list() -> (ErrorSource, u16, Value) {
    (Event(List), 410, json!({"error": {"code": 410, "message": "Gone"}}))
}

#[test]
fn finer_words_beside_the_reason_decide() {
    let judged = |(asked, status, body): (ErrorSource, u16, Value)| {
        let failure = Failure::of_answer(asked, &answer(status, &body));
        (failure.reason, failure.provider_reason.unwrap_or_default())
    };
    assert_eq!(judged(invalid_rapt()), (Reason::GrantExpired, "invalid_rapt".into()));
    assert_eq!(judged(sync_token_unreadable()), (Reason::SyncTokenExpired, "invalid".into()));
    assert_eq!(judged(gone_list()), (Reason::SyncTokenExpired, String::new()));

    let forbidden = |details: Value| {
        let errors = json!([{"domain": "global", "reason": "forbidden", "message": "No."}]);
        let error = json!({"code": 403, "message": "No.", "errors": errors, "details": [details]});
        judged((Event(Insert), 403, json!({"error": error})))
    };
    let billing = json!({"reason": "BILLING_DISABLED", "domain": "googleapis.com"});
    assert_eq!(forbidden(billing), (Reason::ApiDisabled, "BILLING_DISABLED".into()));
    let limit = json!({
        "reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "defaultPerMinutePerUser"},
    });
    assert_eq!(forbidden(limit), (Reason::UserRate, "defaultPerMinutePerUser".into()));
    let limit = json!({
        "reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "defaultPerMinutePerProject"},
    });
    assert_eq!(forbidden(limit), (Reason::ProjectQuota, "RATE_LIMIT_EXCEEDED".into()));
}

/// Google's word is the same for both; one pauses a user, the other everybody.
#[test]
fn a_users_limit_is_told_from_the_projects_by_googles_sentence() {
    let reason = |limit: &str| {
        let message = format!(
            "Quota exceeded for quota metric 'Queries' and limit '{limit}' of service \
             'calendar-json.googleapis.com' for consumer 'project_number:1'."
        );
        let errors = json!([{"domain": "usageLimits", "reason": "rateLimitExceeded", "message": message}]);
        let body = json!({"error": {"code": 403, "message": message, "errors": errors}});
        Failure::of_answer(Event(Update), &answer(403, &body)).reason
    };
    assert_eq!(reason("Queries per minute per user"), Reason::UserRate);
    assert_eq!(reason("Queries per minute"), Reason::ProjectQuota);
}

#[test]
fn the_status_speaks_only_where_google_names_nothing() {
    let judged = |asked, status: u16, body: Value| Failure::of_answer(asked, &answer(status, &body)).reason;
    let nameless = |status: u16| json!({"error": {"code": status, "message": "Words."}});
    for (asked, status, reason) in [
        (Event(Insert), 400, Reason::ItemRefused),
        (Event(Insert), 403, Reason::Unknown),
        (Event(Insert), 404, Reason::CalendarGone),
        (Event(Insert), 409, Reason::Conflict),
        (Event(Update), 404, Reason::ItemGone),
        (Event(Update), 410, Reason::ItemGone),
        (Event(Update), 412, Reason::Conflict),
        (Event(Watch), 404, Reason::Unknown),
    ] {
        assert_eq!(judged(asked, status, nameless(status)), reason, "{status} for {asked:?}");
        let odd = named(asked, status, "neverSeenBefore");
        assert_eq!(judged(asked, status, odd), Reason::Unknown, "{status} with an unknown word");
    }
    let canonical = json!({"error": {"code": 404, "message": "Words.", "status": "NOT_FOUND"}});
    assert_eq!(judged(Event(Delete), 404, canonical), Reason::ItemGone);
}

#[test]
fn an_error_that_is_not_googles_decides_nothing() {
    let page = |status: u16| {
        let body = Body::from_static(b"<html>Blocked by the proxy</html>");
        Response::builder().status(status).body(body).expect("an answer")
    };
    for operation in [Get, Delete, Update, Insert, List] {
        let failure = Failure::of_answer(Event(operation), &page(404));
        assert_eq!((failure.outcome, failure.reason), (Unknown, Reason::AnswerGarbled), "{operation:?}");
        assert!(failure.provider_message.is_some_and(|words| words.contains("Blocked by the proxy")));
    }
    for (status, outcome, reason) in [
        (401, Refused, Reason::GrantUnknown),
        (408, Unknown, Reason::GoogleSlow),
        (429, PutOff, Reason::UserRate),
        (503, Unknown, Reason::GoogleUnavailable),
    ] {
        let failure = Failure::of_answer(Event(Update), &page(status));
        assert_eq!((failure.outcome, failure.reason), (outcome, reason), "{status}");
    }
    let token = Failure::of_answer(Token(Refresh), &page(400));
    assert_eq!((token.reason, token.provider_message), (Reason::AnswerGarbled, None), "it may echo the form");
}

/// Each operation of Google's has its own sense of a 5xx: it may have happened.
#[test]
fn no_operation_falls_through_at_a_failure_of_googles() {
    for &operation in Operation::ALL {
        for asked in [Event(operation), Calendar(operation), Token(operation)] {
            let failure = Failure::of_answer(asked, &answer(500, &named(asked, 500, "internalError")));
            assert_eq!((failure.outcome, failure.reason), (Unknown, Reason::GoogleUnavailable), "{asked:?}");
        }
    }
}
