//! The calendars of an account.

use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::{AccessRole, CalendarEntry, Deleted, TransportFailure};
use serde_json::{Value, json};

use crate::fake::{CALENDAR, answer, broken, error, json_answer, world};

#[tokio::test]
async fn a_calendar_of_ours_is_made_found_and_removed() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let made = client.insert_calendar(token, "Lessons", "marker-1", Some("Asia/Seoul")).await.unwrap();
    let expected = CalendarEntry {
        id: made.id.clone(),
        summary: "Lessons".into(),
        description: Some("marker-1".into()),
        access_role: AccessRole::Owner,
        primary: false,
        hidden: false,
        time_zone: Some("Asia/Seoul".into()),
    };
    assert_eq!(made, expected);
    assert_eq!(client.get_calendar(token, &made.id).await, Ok(Some(expected)));
    assert_eq!(client.delete_calendar(token, &made.id).await, Ok(Deleted::Done));
    assert_eq!(client.delete_calendar(token, &made.id).await, Ok(Deleted::AlreadySo));
    assert_eq!(client.get_calendar(token, &made.id).await, Ok(None));
}

#[tokio::test]
async fn the_list_is_whole_whatever_its_pages() {
    let world = world();
    for (number, role) in ["reader", "writer", "freeBusyReader", "somethingNew"].iter().enumerate() {
        world.google.add_calendar(json!({
            "id": format!("c{number}"), "summary": "Google's name", "summaryOverride": format!("Mine {number}"),
            "accessRole": role, "primary": number == 1, "hidden": number == 2, "timeZone": "UTC",
        }));
    }
    let entries = world.client.list_calendars(&world.token).await.unwrap();
    let named: Vec<(&str, bool)> =
        entries.iter().map(|entry| (entry.summary.as_str(), entry.access_role.can_write())).collect();
    assert_eq!(
        named,
        [("Work", true), ("Mine 0", false), ("Mine 1", true), ("Mine 2", false), ("Mine 3", false)]
    );
    assert!(entries[2].primary && entries[3].hidden);
    assert_eq!(entries[4].access_role, AccessRole::Other);
    assert_eq!(world.google.seen().len(), 3);
}

#[tokio::test]
async fn a_list_without_end_is_no_list() {
    let world = world();
    let page = json!({"kind": "calendar#calendarList", "items": [], "nextPageToken": "again"});
    for _ in 0..100 {
        world.google.force(json_answer(200, &page));
    }
    let failure = world.client.list_calendars(&world.token).await.unwrap_err();
    assert_eq!((failure.outcome, failure.reason), (Outcome::Unknown, Reason::AnswerGarbled));
    assert_eq!(world.google.seen().len(), 40);
}

#[tokio::test]
async fn a_calendar_that_is_closed_to_us_is_not_absent() {
    let world = world();
    world.google.force(error(403, "forbidden"));
    let failure = world.client.get_calendar(&world.token, CALENDAR).await.unwrap_err();
    assert_eq!(failure.reason, Reason::CalendarGone);
    world.google.force(error(403, "forbidden"));
    let failure = world.client.delete_calendar(&world.token, CALENDAR).await.unwrap_err();
    assert_eq!(failure.reason, Reason::CalendarReadOnly);
}

#[tokio::test]
async fn a_new_calendar_says_only_what_is_known() {
    let world = world();
    world.client.insert_calendar(&world.token, "Lessons", "marker", None).await.unwrap();
    let body: Value = serde_json::from_slice(&world.google.last().body).unwrap();
    assert_eq!(body, json!({"summary": "Lessons", "description": "marker"}));
}

#[tokio::test]
async fn a_calendar_that_is_asked_for_is_there_or_gone_or_unknown() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let page = json!({"kind": "calendar#events", "summary": "Work", "description": "marker", "timeZone": "UTC",
        "accessRole": "reader", "items": []});
    world.google.force(json_answer(200, &page));
    let info = client.check_calendar(token, CALENDAR).await.unwrap().unwrap();
    assert_eq!((info.access_role, info.time_zone.as_deref()), (AccessRole::Reader, Some("UTC")));
    assert_eq!(info.description.as_deref(), Some("marker"));
    let asked = world.google.last();
    assert!(asked.path.ends_with("/events"), "{asked:?}");
    assert_eq!((asked.parameter("maxResults"), asked.query.len()), (Some("1"), 1));

    for (status, reason) in [(404, "notFound"), (410, "deleted")] {
        world.google.force(error(status, reason));
        assert_eq!(client.check_calendar(token, CALENDAR).await, Ok(None), "{reason}");
    }
    for unknown in [
        error(503, "backendError"),
        error(403, "rateLimitExceeded"),
        error(403, "insufficientPermissions"),
        error(403, "forbidden"),
        error(401, "authError"),
        answer(200, "application/json", "{\"kind\": \"calendar#ev"),
        json_answer(200, &json!({"kind": "calendar#calendarList"})),
        broken(TransportFailure::NoAnswer),
        broken(TransportFailure::PutOff),
    ] {
        world.google.force(unknown);
        client.check_calendar(token, CALENDAR).await.expect_err("nothing was told");
    }
}
