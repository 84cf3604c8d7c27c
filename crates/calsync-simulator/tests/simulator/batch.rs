//! The batch endpoint, and the conveniences of HTTP beside it.

use std::io::Read;

use axum::body::Body;
use calsync_simulator::SimulatorOptions;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, World, meeting, options};

async fn batch(world: &World, parts: &[String]) -> Answer {
    let body: String = parts.iter().map(|part| format!("--b1\r\n{part}\r\n")).collect();
    let request = Request::builder()
        .method("POST")
        .uri("/batch/calendar/v3")
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-type", "multipart/mixed; boundary=\"b1\"")
        .body(Body::from(format!("{body}--b1--\r\n")))
        .unwrap();
    world.send(request).await
}

fn part(id: &str, line: &str, body: &Value) -> String {
    format!(
        "Content-Type: application/http\r\nContent-ID: <{id}>\r\n\r\n{line}\r\nContent-Type: application/json\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn parts_are_answered_each_with_its_own_status() {
    let world = World::new();
    let mut event = meeting("Talk");
    event["id"] = json!("batched");
    let insert = part("a+1", "POST /calendar/v3/calendars/primary/events HTTP/1.1", &event);
    let again = part("a+2", "POST https://www.googleapis.com/calendar/v3/calendars/primary/events", &event);
    let get =
        "Content-ID: <a+3>\r\n\r\nGET /calendar/v3/calendars/primary/events/batched?fields=id".to_owned();
    let answer = batch(&world, &[insert, again, get]).await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    for expected in ["<response-a+1>\r\n\r\nHTTP/1.1 200 OK", "<response-a+2>\r\n\r\nHTTP/1.1 409 Conflict"] {
        assert!(text.contains(expected), "{text}");
    }
    assert!(text.contains("{\"id\":\"batched\"}"), "{text}");
    assert_eq!(world.simulator.state()["requests"]["events.insert"], 2);

    let many: Vec<String> = (0..51).map(|_| "\r\n\r\nGET /calendar/v3/colors".to_owned()).collect();
    assert_eq!(batch(&world, &many).await.error(), (400, "badRequest"));
}

#[tokio::test]
async fn answers_are_packed_for_those_who_can_unpack() {
    let world = World::new();
    let answer =
        world.call_with("GET", "/colors", &[("accept-encoding", "gzip, deflate")], Value::Null).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&*answer.bytes).read_to_string(&mut plain).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), world.get("/colors").await.ok());
}

#[tokio::test]
async fn a_post_may_stand_for_another_method() {
    let world = World::new();
    let event = world.insert(meeting("Talk")).await;
    let path = format!("/calendars/primary/events/{}", event["id"].as_str().unwrap());
    let header = [("x-http-method-override", "PATCH")];
    let patched = world.call_with("POST", &path, &header, json!({"summary": "Chat"})).await.ok();
    assert_eq!(patched["summary"], "Chat");
}

#[tokio::test]
async fn quotas_are_enforced_when_asked() {
    let world = World::with(SimulatorOptions { enforce_quotas: true, ..options() });
    for _ in 0..600 {
        world.get("/colors").await.ok();
    }
    assert_eq!(world.get("/colors").await.error(), (403, "userRateLimitExceeded"));
    world.simulator.advance(jiff::SignedDuration::from_secs(60));
    world.get("/colors").await.ok();
    assert_eq!(world.simulator.state()["quota_units"]["colors.get"], 602);
}

#[tokio::test]
async fn the_same_seed_start_and_calls_give_the_same_bytes() {
    let run = async || {
        let world = World::new();
        let mut bytes = Vec::new();
        bytes.extend(world.post("/calendars/primary/events", meeting("Talk")).await.bytes);
        bytes.extend(world.post("/calendars", json!({"summary": "Second"})).await.bytes);
        bytes.extend(world.get("/calendars/primary/events").await.bytes);
        bytes.extend(world.simulator.state().to_string().into_bytes());
        bytes
    };
    assert_eq!(run().await, run().await);
}

#[tokio::test]
async fn what_is_not_served_is_404_in_googles_shape() {
    let world = World::new();
    for (method, path) in [
        ("GET", "/calendars/primary/acl"),
        ("POST", "/calendars/primary/events/quickAdd"),
        ("POST", "/calendars/primary/events/watch"),
        ("POST", "/channels/stop"),
    ] {
        assert_eq!(world.call(method, path, json!({})).await.error(), (404, "notFound"), "{path}");
    }
    assert_eq!(world.browse("/tasks/v1/users/@me/lists").await.error(), (404, "notFound"));
}
