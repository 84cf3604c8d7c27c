//! The life of an event, and what each request says.

use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::{Deleted, ListQuery};
use serde_json::{Value, json};

use crate::fake::{ACCESS, CALENDAR, error, event, meeting, world};

const ID: &str = "0123456789abcdefghijklmnopqrstuv";

#[tokio::test]
async fn an_event_is_made_written_and_removed() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    assert_eq!(client.get_event(token, CALENDAR, ID).await, Ok(None));

    let made = client.insert_event(token, CALENDAR, &meeting(ID)).await.unwrap();
    assert_eq!(client.get_event(token, CALENDAR, ID).await, Ok(Some(made.clone())));

    let mut changed = made.clone();
    changed.0.insert("summary".into(), "Moved".into());
    let moved = client.update_event(token, CALENDAR, ID, made.etag(), &changed).await.unwrap();
    assert_ne!(moved.etag(), made.etag());
    let part = event(json!({"location": "Room 1"}));
    let placed = client.patch_event(token, CALENDAR, ID, moved.etag(), &part).await.unwrap();
    assert_eq!((&placed.0["summary"], &placed.0["location"]), (&json!("Moved"), &json!("Room 1")));

    assert_eq!(client.delete_event(token, CALENDAR, ID, None).await, Ok(Deleted::Done));
    assert_eq!(client.delete_event(token, CALENDAR, ID, None).await, Ok(Deleted::AlreadySo));
    let tombstone = client.get_event(token, CALENDAR, ID).await.unwrap().unwrap();
    assert!(tombstone.is_cancelled(), "a removed event is told from one that never was");
    assert_eq!(client.delete_event(token, CALENDAR, "never", None).await, Ok(Deleted::AlreadySo));
}

#[tokio::test]
async fn who_comes_second_is_told_so() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let made = client.insert_event(token, CALENDAR, &meeting(ID)).await.unwrap();
    let taken = client.insert_event(token, CALENDAR, &meeting(ID)).await.unwrap_err();
    assert_eq!((taken.outcome, taken.reason), (Outcome::Refused, Reason::Conflict));

    client.update_event(token, CALENDAR, ID, made.etag(), &made).await.unwrap();
    for stale in [
        client.update_event(token, CALENDAR, ID, made.etag(), &made).await,
        client.patch_event(token, CALENDAR, ID, made.etag(), &made).await,
    ] {
        assert_eq!(stale.unwrap_err().reason, Reason::Conflict);
    }
    client.delete_event(token, CALENDAR, ID, None).await.unwrap();
    let gone = client.update_event(token, CALENDAR, ID, made.etag(), &made).await.unwrap_err();
    assert_eq!(gone.reason, Reason::ItemGone);
}

#[tokio::test]
async fn what_is_not_found_depends_on_what_was_asked() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let insert = client.insert_event(token, "gone", &meeting(ID)).await.unwrap_err();
    let list = client.list_events(token, "gone", &ListQuery::default()).await.unwrap_err();
    let update = client.update_event(token, CALENDAR, ID, "\"1\"", &meeting(ID)).await.unwrap_err();
    assert_eq!(insert.reason, Reason::CalendarGone);
    assert_eq!(list.reason, Reason::CalendarGone);
    assert_eq!(update.reason, Reason::ItemGone);
}

#[tokio::test]
async fn a_write_tells_no_guest_and_drops_nothing() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let made = client.insert_event(token, CALENDAR, &meeting(ID)).await.unwrap();
    let plain = world.google.last();
    let mut labelled = made.clone();
    labelled.0.insert("eventLabelId".into(), "label".into());
    labelled.0.insert("somethingNew".into(), json!({"kept": [1, 2]}));
    let written = client.update_event(token, CALENDAR, ID, made.etag(), &labelled).await.unwrap();
    let update = world.google.last();
    client.patch_event(token, CALENDAR, ID, written.etag(), &labelled).await.unwrap();
    let patch = world.google.last();
    client.delete_event(token, CALENDAR, ID, None).await.unwrap();
    let delete = world.google.last();

    assert_eq!([&plain, &update, &patch, &delete].map(|call| call.quota_units), [1, 1, 3, 1]);
    for write in [&plain, &update, &patch] {
        assert_eq!(write.parameter("sendUpdates"), Some("none"));
        assert_eq!(write.parameter("conferenceDataVersion"), Some("1"));
        assert_eq!(write.parameter("supportsAttachments"), Some("true"));
        assert_eq!(write.header("content-type"), Some("application/json"));
    }
    assert_eq!(delete.parameter("sendUpdates"), Some("none"));
    assert_eq!(plain.parameter("eventLabelVersion"), None);
    assert_eq!(update.parameter("eventLabelVersion"), Some("1"));
    assert_eq!(patch.parameter("eventLabelVersion"), Some("1"));
    assert_eq!((plain.header("if-match"), update.header("if-match")), (None, Some(made.etag())));
    assert_eq!(serde_json::from_slice::<Value>(&update.body).unwrap(), json!(labelled.0));
    assert_eq!(
        [plain.method, update.method, patch.method, delete.method],
        ["POST", "PUT", "PATCH", "DELETE"]
    );
    assert_eq!(plain.headers["authorization"], format!("Bearer {ACCESS}"));
    assert!(plain.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn ids_stay_within_their_part_of_the_path() {
    let world = world();
    let odd = "en.de#holiday/../x?y=ä %2f@group.v.calendar.google.com";
    world.google.add_calendar(json!({"id": odd}));
    assert_eq!(world.client.get_event(&world.token, odd, "a/b?c").await, Ok(None));
    let path = world.google.last().path;
    assert_eq!(
        path,
        "/calendar/v3/calendars/en.de%23holiday%2F..%2Fx%3Fy%3D%C3%A4%20%252f%40group.v.calendar.google.com\
         /events/a%2Fb%3Fc"
    );
}

#[tokio::test]
async fn what_would_reach_further_than_meant_is_not_sent() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let unsent = [
        client.delete_event(token, CALENDAR, "", None).await.unwrap_err(),
        client.delete_event(token, CALENDAR, "..", None).await.unwrap_err(),
        client.delete_calendar(token, "").await.unwrap_err(),
        client.get_event(token, "", ID).await.unwrap_err(),
        client.update_event(token, CALENDAR, ID, "", &meeting(ID)).await.unwrap_err(),
        client.update_event(token, CALENDAR, ID, "\"1\"\r\nx: y", &meeting(ID)).await.unwrap_err(),
        client.get_event(&"a\nb".into(), CALENDAR, ID).await.unwrap_err(),
    ];
    for failure in unsent {
        assert_eq!((failure.outcome, failure.reason), (Outcome::PutOff, Reason::ServiceFault));
    }
    assert!(world.google.seen().is_empty());
}

#[tokio::test]
async fn a_list_goes_page_by_page_to_its_sync_token() {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    for id in ["aaaaa", "bbbbb", "ccccc"] {
        client.insert_event(token, CALENDAR, &meeting(id)).await.unwrap();
    }
    let mut query = ListQuery { show_deleted: true, ..ListQuery::default() };
    let mut ids = Vec::new();
    let sync_token = loop {
        let page = client.list_events(token, CALENDAR, &query).await.unwrap();
        ids.extend(page.events.iter().map(|event| event.id().to_owned()));
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            break page.next_sync_token;
        }
        assert_eq!(page.next_sync_token, None);
    };
    assert_eq!((ids.join(" "), sync_token.as_deref()), ("aaaaa bbbbb ccccc".into(), Some("sync-1")));
}

#[tokio::test]
async fn filters_never_stand_beside_a_sync_token() {
    let world = world();
    let mut query = ListQuery {
        private_property: Some("calsync_integration=a b&c".into()),
        time_min: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        max_results: Some(2_500),
        show_deleted: true,
        ..ListQuery::default()
    };
    let ask = async |query: &ListQuery| {
        world.client.list_events(&world.token, CALENDAR, query).await.unwrap();
        world.google.last().query
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    };
    let first = [
        ("maxResults", "2500"),
        ("showDeleted", "true"),
        ("privateExtendedProperty", "calsync_integration=a b&c"),
        ("timeMin", "2030-01-01T00:00:00Z"),
    ];
    assert_eq!(ask(&query).await, pairs(&first));
    query.sync_token = Some("sync=1".into());
    assert_eq!(
        ask(&query).await,
        pairs(&[("maxResults", "2500"), ("showDeleted", "true"), ("syncToken", "sync=1")])
    );
}

#[tokio::test]
async fn a_stale_token_is_told_from_a_dead_grant() {
    let world = world();
    world.google.force(error(401, "authError"));
    let failure = world.client.get_event(&world.token, CALENDAR, ID).await.unwrap_err();
    assert!(failure.is_stale_token());
    world.google.force(error(403, "insufficientPermissions"));
    let failure = world.client.get_event(&world.token, CALENDAR, ID).await.unwrap_err();
    assert!(!failure.is_stale_token());
    assert_eq!(failure.reason, Reason::ScopeMissing);
}
