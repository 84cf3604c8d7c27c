//! Answers that are not what they seem, and answers that never come.

use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::{Failure, ListQuery, TransportFailure};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;

use crate::fake::{
    ACCESS, CALENDAR, REFRESH, SECRET, World, answer, broken, error, json_answer, meeting, world,
};

/// Every call, by name; each fails once, so one forced answer is enough.
async fn call(world: &World, name: &str) -> Result<(), Failure> {
    let World { client, token, .. } = world;
    let event = meeting("abcde");
    match name {
        "get" => client.get_event(token, CALENDAR, "abcde").await.map(drop),
        "insert" => client.insert_event(token, CALENDAR, &event).await.map(drop),
        "update" => client.update_event(token, CALENDAR, "abcde", "\"1\"", &event).await.map(drop),
        "patch" => client.patch_event(token, CALENDAR, "abcde", "\"1\"", &event).await.map(drop),
        "delete" => client.delete_event(token, CALENDAR, "abcde", None).await.map(drop),
        "list" => client.list_events(token, CALENDAR, &ListQuery::default()).await.map(drop),
        "calendars" => client.list_calendars(token).await.map(drop),
        "calendar" => client.get_calendar(token, CALENDAR).await.map(drop),
        "new calendar" => client.insert_calendar(token, "C", "D", None).await.map(drop),
        "no calendar" => client.delete_calendar(token, CALENDAR).await.map(drop),
        "exchange" => client.exchange(&"code-marker".into(), &"verifier-marker".into(), "b").await.map(drop),
        "refresh" => client.refresh(&REFRESH.into()).await.map(drop),
        "revoke" => client.revoke(&REFRESH.into()).await.map(drop),
        "userinfo" => client.userinfo(token).await.map(drop),
        other => panic!("no call {other}"),
    }
}

const CALLS: [&str; 14] = [
    "get",
    "insert",
    "update",
    "patch",
    "delete",
    "list",
    "calendars",
    "calendar",
    "new calendar",
    "no calendar",
    "exchange",
    "refresh",
    "revoke",
    "userinfo",
];

#[tokio::test]
async fn a_success_that_is_none_is_garbled_and_may_have_happened() {
    let event = r#"{"id": "abcde", "etag": "\"1\"", "summary": "Meeting"}"#;
    for name in CALLS {
        let oauth_error = json!({"error": "oops"}).to_string();
        let api_error = json!({"error": {"code": 500, "message": "oops", "errors": []}}).to_string();
        for (case, forced) in [
            ("an error of an API", answer(200, "application/json", api_error)),
            ("an error of OAuth's", answer(200, "application/json", oauth_error)),
            ("a page", answer(200, "text/html", "<html>Sign in</html>")),
            ("JSON cut short", answer(200, "application/json", event[..30].to_owned())),
            ("no object", answer(200, "application/json", "[]")),
            ("a redirect", answer(302, "text/html", "<a href='/elsewhere'>there</a>")),
            ("a redirect in words of Google's", error(307, "notFound")),
            ("not modified", answer(304, "text/html", "")),
        ] {
            let world = world();
            world.google.force(forced);
            let failure = call(&world, name).await.expect_err(case);
            let found = (failure.outcome, failure.reason);
            assert_eq!(found, (Outcome::Unknown, Reason::AnswerGarbled), "{name}: {case}");
            assert_eq!(world.google.seen().len(), 1, "{name}: {case}: nothing is tried again");
        }
    }
}

#[tokio::test]
async fn an_event_must_be_the_one_that_was_asked_for_and_have_a_version() {
    for name in ["get", "insert", "update", "patch"] {
        for body in [
            json!({"id": "other", "etag": "\"1\""}),
            json!({"etag": "\"1\""}),
            json!({"id": "abcde"}),
            json!({"id": "abcde", "status": "cancelled"}),
            json!({}),
        ] {
            let world = world();
            world.google.force(json_answer(200, &body));
            let result = call(&world, name).await;
            if name == "get" && body["status"] == "cancelled" {
                assert_eq!(result, Ok(()), "of a tombstone only the id is sure");
            } else {
                assert_eq!(result.expect_err("garbled").reason, Reason::AnswerGarbled, "{name}: {body}");
            }
        }
    }
}

/// A page of a proxy's may well be readable as JSON.
#[tokio::test]
async fn what_does_not_call_itself_json_is_none() {
    let event = json!({"id": "abcde", "etag": "\"1\""}).to_string();
    for (kind, sound) in [
        ("application/json", true),
        ("Application/JSON; charset=UTF-8", true),
        ("text/html", false),
        ("application/json-seq", false),
    ] {
        let world = world();
        world.google.force(answer(200, kind, event.clone()));
        assert_eq!(call(&world, "update").await.is_ok(), sound, "{kind}");
    }
}

#[tokio::test]
async fn a_list_with_a_nameless_entry_is_garbled() {
    for (name, kind) in [("list", "calendar#events"), ("calendars", "calendar#calendarList")] {
        for body in [
            json!({"kind": kind, "items": [{"id": "abcde"}, {"id": ""}]}),
            json!({"kind": kind, "items": [{"summary": "?"}]}),
            json!({"kind": kind, "items": {}}),
            json!({"kind": "calendar#acl", "items": []}),
            json!({"items": []}),
        ] {
            let world = world();
            world.google.force(json_answer(200, &body));
            let failure = call(&world, name).await.expect_err("garbled");
            assert_eq!(failure.reason, Reason::AnswerGarbled, "{name}: {body}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_came_says_whether_it_may_have_happened() {
    for name in CALLS {
        for (kind, outcome, reason) in [
            (TransportFailure::NotSent, Outcome::PutOff, Reason::Network),
            (TransportFailure::PutOff, Outcome::PutOff, Reason::WaitingTurn),
            (TransportFailure::NoAnswer, Outcome::Unknown, Reason::Network),
            (TransportFailure::TooSlow, Outcome::Unknown, Reason::GoogleSlow),
            (TransportFailure::TooLarge, Outcome::Unknown, Reason::AnswerGarbled),
        ] {
            let world = world();
            world.google.force(broken(kind));
            let failure = call(&world, name).await.expect_err("no answer");
            assert_eq!((failure.outcome, failure.reason), (outcome, reason), "{name}: {kind:?}");
            assert_eq!(failure.is_put_off(), kind == TransportFailure::PutOff);
            assert_eq!((failure.http_status, failure.provider_reason), (None, None));
            assert_eq!(world.google.seen().len(), 1, "{name}: {kind:?}: nothing is tried again");
        }
    }
}

#[tokio::test]
async fn googles_pause_is_passed_on() {
    let world = world();
    let mut limited = error(429, "rateLimitExceeded").unwrap();
    limited.headers_mut().insert("retry-after", "17".parse().unwrap());
    world.google.force(Ok(limited));
    let failure = call(&world, "insert").await.expect_err("limited");
    assert_eq!(
        (failure.outcome, failure.retry_after),
        (Outcome::PutOff, Some(SignedDuration::from_secs(17)))
    );
}

#[tokio::test]
async fn googles_words_are_kept_as_they_are_but_cut() {
    let world = world();
    let long = "ä".repeat(5_000);
    let entry = json!({"domain": "calendar", "reason": "neverSeenBefore", "message": "m"});
    let body = json!({"error": {"code": 403, "message": long, "errors": [entry]}});
    world.google.force(json_answer(403, &body));
    let failure = call(&world, "update").await.expect_err("refused");
    assert_eq!((failure.outcome, failure.reason), (Outcome::Refused, Reason::Unknown));
    assert_eq!(failure.provider_reason.as_deref(), Some("neverSeenBefore"));
    assert_eq!(failure.provider_message, Some("ä".repeat(1_000)));
}

/// A proxy or a debugging endpoint may send back what it got.
#[tokio::test]
async fn an_echo_shows_no_secret() {
    let secrets = [ACCESS, REFRESH, SECRET, "code-marker", "verifier-marker"];
    let echo = secrets.join(" ");
    for name in CALLS {
        let entry = json!({"domain": "global", "reason": echo, "message": echo});
        let api = json!({"error": {"code": 400, "message": echo, "errors": [entry]}});
        let oauth = json!({"error": echo, "error_description": echo});
        for forced in [
            json_answer(400, &api),
            json_answer(400, &oauth),
            json_answer(200, &api),
            json_answer(503, &oauth),
            answer(404, "text/plain", echo.clone()),
            answer(302, "text/plain", echo.clone()),
        ] {
            let world = world();
            world.google.force(forced);
            let failure = call(&world, name).await.expect_err("an error");
            let shown = format!("{failure:?} {failure}");
            let sent: Vec<&str> = match name {
                "exchange" => vec![SECRET, "code-marker", "verifier-marker"],
                "refresh" => vec![SECRET, REFRESH],
                "revoke" => vec![REFRESH],
                _ => vec![ACCESS],
            };
            let leaked: Vec<&str> = sent.into_iter().filter(|secret| shown.contains(secret)).collect();
            assert!(leaked.is_empty(), "{name} shows {leaked:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn an_empty_token_is_no_wildcard() {
    let world = World { token: SecretString::from(""), ..world() };
    world.google.force(error(401, "authError"));
    let failure = call(&world, "get").await.expect_err("refused");
    assert_eq!(failure.provider_message.as_deref(), Some("Words."));
}

/// What is kept of an answer is cut: half a secret at the cut is a secret too.
#[tokio::test]
async fn an_echo_shows_no_part_of_a_secret_and_none_as_a_form_writes_it() {
    for kept in [100, 1_000, 4_000] {
        let before = "x".repeat(kept - 12);
        let echo = format!("{before}{ACCESS}");
        let entry = json!({"domain": "global", "reason": echo, "message": echo});
        let api = json!({"error": {"code": 400, "message": echo, "errors": [entry]}});
        for forced in [json_answer(400, &api), answer(404, "text/plain", echo)] {
            let world = world();
            world.google.force(forced);
            let shown = format!("{:?}", call(&world, "get").await.expect_err("an error"));
            assert!(!shown.contains(&ACCESS[..6]), "{shown}");
        }
    }
    let world = world();
    world.google.force(answer(400, "application/json", r#"{"error":"token=1%2F%2Frefresh-marker"}"#));
    let shown = format!("{:?}", call(&world, "refresh").await.expect_err("an error"));
    assert!(!shown.contains("refresh-marker"), "{shown}");
}
