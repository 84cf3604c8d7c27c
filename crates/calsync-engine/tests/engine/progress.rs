//! Whatever Google makes of what it is sent, and whatever it answers: what it keeps is what was agreed, and
//! nothing is written again and again. Each story counts the calls of many hours.

use axum::body::Bytes;
use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_simulator::FaultRule;
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

/// More than a pause can be, times ten.
const HOURS: usize = 6;
/// Calls of one item that Google never takes: three rounds of at most ten, and the access token's renewals.
const CALLS_MAX: u64 = 30 + 6;

fn session(title: &str, description: &str) -> Value {
    json!({"user_ids": ["ana"], "title": title, "description": description, "status": "active",
        "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z", "time_zone": "Europe/Kyiv",
        "meeting_url": "https://meet.example.org/x"})
}

/// `ana`, connected, with one session in her calendar.
async fn world(db: TestDatabase) -> World {
    let world = World::new(db).await;
    world.account("ana");
    world.put(ItemKind::Session, "s", &session("Mentoring", "Bring questions.")).await;
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
    world.sync().await;
    assert_eq!(shown(&world).await, "synced");
    world
}

/// The state of the one item.
async fn shown(world: &World) -> &'static str {
    let is = async |condition: &str| world.count("sync_mappings", condition).await == 1;
    if is("sync_state = 'synced' AND reason IS NULL").await {
        "synced"
    } else if is("sync_state = 'parked' AND reason = 'no_progress'").await {
        "no_progress"
    } else {
        "another"
    }
}

/// How often an event was written at Google so far.
fn writes(world: &World) -> u64 {
    let requests = world.google.state()["requests"].take();
    let of = |method: &str| requests[method].as_u64().unwrap_or(0);
    of("events.insert") + of("events.update") + of("events.patch")
}

/// The writes of many hours, with which nothing else goes but an access token.
async fn writes_of_hours(world: &World) -> u64 {
    let before = writes(world);
    let calls = calls_of_hours(world).await;
    let written = writes(world) - before;
    assert!(calls <= written + 1, "only what is written is asked for: {calls}");
    written
}

/// The calls of many hours.
async fn calls_of_hours(world: &World) -> u64 {
    let before = world.transport.calls();
    world.sync().await;
    for _ in 0..HOURS * 60 {
        world.advance(60);
        world.sync().await;
    }
    world.transport.calls() - before
}

fn event(world: &World) -> Value {
    world.events("ana", true).remove(0)
}

fn json_of(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// Changes what is sent, as a Google would that keeps something else of it.
fn with_body(request: Request<Bytes>, change: impl FnOnce(&mut Value)) -> Request<Bytes> {
    let is_event = request.uri().path().contains("/events");
    let Some(mut body) = json_of(request.body()).filter(|_| is_event) else { return request };
    change(&mut body);
    let (mut parts, _) = request.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Request::from_parts(parts, Bytes::from(body.to_string()))
}

fn described(request: Request<Bytes>, change: impl FnOnce(&str) -> String) -> Request<Bytes> {
    with_body(request, |body| {
        if let Some(description) = body["description"].as_str() {
            body["description"] = change(description).into();
        }
    })
}

/// Google answers an update with the event as it is.
fn unchanged(request: Request<Bytes>) -> Request<Bytes> {
    if request.method() != Method::PUT {
        return request;
    }
    let uri = request.uri().to_string();
    let (parts, _) = request.into_parts();
    let read = Request::get(uri.split('?').next().unwrap());
    read.header("authorization", &parts.headers["authorization"]).body(Bytes::new()).unwrap()
}

fn without_etag(answer: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = answer.into_parts();
    let body = match json_of(&body) {
        Some(Value::Object(mut event)) if event.contains_key("iCalUID") => {
            event.remove("etag");
            Bytes::from(Value::Object(event).to_string())
        }
        _ => body,
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

fn fault(method: &str, status: u16, reason: &str) -> FaultRule {
    let rule = json!({"match": {"api": "calendar", "method": method}, "effect": {"status": status, "reason": reason}});
    serde_json::from_value(rule).unwrap()
}

on_both_databases! {
    async fn zones_and_texts_that_google_writes_otherwise_are_no_edits(db: TestDatabase) {
        let world = world(db).await;
        assert_eq!(event(&world)["start"]["timeZone"], "Europe/Kiev", "Google is as unkind as it is");
        for (zone, title, description) in [
            ("utc", " Mentoring ", "a\r\nb\r\n"),
            ("asia/seoul", "Mentoring\n", "  caf\u{65}\u{301}  "),
            ("Asia/Kolkata", "Mentoring", &"x ".repeat(4_000)),
            ("Asia/Calcutta", "M\tentoring", "a < b & c"),
        ] {
            let mut body = session(title, description);
            body["time_zone"] = zone.into();
            world.put(ItemKind::Session, "s", &body).await;
            assert_eq!((writes_of_hours(&world).await, shown(&world).await), (1, "synced"), "{zone}");
        }
    }

    async fn what_google_makes_of_a_text_is_what_was_agreed(db: TestDatabase) {
        let world = world(db).await;
        let cut: fn(Request<Bytes>) -> Request<Bytes> =
            |request| described(request, |text| text.chars().take(20).collect());
        let without_meet: fn(Request<Bytes>) -> Request<Bytes> = |request| {
            described(request, |text| {
                let mut parts = text.split("-::~:~::-\n");
                let (before, _, after) = (parts.next().unwrap(), parts.next(), parts.next());
                format!("{before}{}", after.unwrap_or_default())
            })
        };
        let meet = "Before.\n-::~:~::-\nJoin with Google Meet\n-::~:~::-\nAfter.";
        for (strange, description, title) in [
            (cut, "A text that is longer than this Google keeps.", "Mentoring"),
            (without_meet, meet, "Mentoring 2"),
        ] {
            world.transport.alter(Some(strange), None);
            world.put(ItemKind::Session, "s", &session(title, description)).await;
            assert_eq!((writes_of_hours(&world).await, shown(&world).await), (1, "synced"), "{title}");
            world.put(ItemKind::Session, "s", &session(&format!("{title} again"), description)).await;
            assert_eq!((writes_of_hours(&world).await, shown(&world).await), (1, "synced"), "{title}");
            let kept = event(&world)["description"].as_str().unwrap().to_owned();
            assert!(!kept.contains("Join") && kept.matches("text").count() <= 1, "{kept}");
        }
        world.transport.alter(None, None);
        world.put(ItemKind::Session, "s", &session("Mentoring", "Short.")).await;
        world.sync().await;
        assert_eq!(event(&world)["description"], "Short.\n\nhttps://meet.example.org/x", "all of it was ours");
    }

    async fn an_event_that_google_does_not_change_is_parked_until_its_item_changes(db: TestDatabase) {
        let world = world(db).await;
        world.transport.alter(Some(unchanged), None);
        world.put(ItemKind::Session, "s", &session("Another title", "Bring questions.")).await;
        let calls = calls_of_hours(&world).await;
        assert!((3..=CALLS_MAX).contains(&calls), "{calls}");
        assert_eq!(shown(&world).await, "no_progress");
        assert_eq!(world.count("calendar_sync_logs", "reason = 'no_progress'").await, 3);
        assert_eq!(calls_of_hours(&world).await, 0, "nobody tries again");

        world.transport.alter(None, None);
        world.put(ItemKind::Session, "s", &session("A third title", "Bring questions.")).await;
        world.sync().await;
        assert_eq!((shown(&world).await, event(&world)["summary"].as_str()), ("synced", Some("A third title")));
    }

    async fn an_event_that_is_always_at_another_version_is_parked(db: TestDatabase) {
        let world = world(db).await;
        world.google.set_faults(vec![fault("events.update", 412, "conditionNotMet")]);
        world.put(ItemKind::Session, "s", &session("Another title", "Bring questions.")).await;
        let calls = calls_of_hours(&world).await;
        assert!(calls <= CALLS_MAX, "{calls}");
        assert_eq!(shown(&world).await, "no_progress");
        world.google.set_faults(Vec::new());
        world.put(ItemKind::Session, "s", &session("A third title", "Bring questions.")).await;
        world.sync().await;
        assert_eq!(shown(&world).await, "synced");
    }

    async fn an_id_that_is_taken_by_nothing_is_not_asked_for_without_end(db: TestDatabase) {
        let world = world(db).await;
        world.google.set_faults(vec![fault("events.insert", 409, "duplicate")]);
        world.put(ItemKind::Session, "other", &session("Other", "Bring questions.")).await;
        let calls = calls_of_hours(&world).await;
        assert!(calls <= CALLS_MAX, "{calls}");
        let parked = "item_id = 'other' AND sync_state = 'parked' AND reason = 'no_progress'";
        assert_eq!(world.count("sync_mappings", parked).await, 1);
        world.google.set_faults(Vec::new());
        world.put(ItemKind::Session, "other", &session("Other", "Bring answers.")).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 2);
    }

    async fn an_answer_without_a_version_is_looked_up(db: TestDatabase) {
        let world = world(db).await;
        world.transport.alter(None, Some(|method, answer| {
            if method == Method::GET { answer } else { without_etag(answer) }
        }));
        world.put(ItemKind::Session, "s", &session("Another title", "Bring questions.")).await;
        let calls = calls_of_hours(&world).await;
        assert!(calls <= CALLS_MAX, "{calls}");
        assert_eq!(shown(&world).await, "synced");
        // Where nothing has a version, each look waits longer than the one before, up to five minutes.
        world.transport.alter(None, Some(|_, answer| without_etag(answer)));
        world.put(ItemKind::Session, "s", &session("A third title", "Bring questions.")).await;
        let calls = calls_of_hours(&world).await;
        assert!(calls <= 20 * HOURS as u64 + CALLS_MAX, "{calls}");
        world.transport.alter(None, None);
        world.advance(600);
        world.sync().await;
        assert_eq!(shown(&world).await, "synced");
    }
}
