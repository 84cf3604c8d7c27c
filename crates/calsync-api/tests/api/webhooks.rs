//! The webhook as the platform sees it by the API: a test, what was sent, and once more.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use calsync_engine::webhooks::{AllowedHosts, SigningSecret, Target, Webhook};
use calsync_google::{Transport, TransportError};
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::connect;
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::description::Checker;

const DELIVERIES: &str = "/api/v1/webhook-deliveries";
const TEST: &str = "/api/v1/webhooks/test";

/// The platform's end: answers with one status, and keeps what came under which id.
#[derive(Clone)]
struct Receiver(Arc<Inner>);

struct Inner {
    status: AtomicU16,
    received: Mutex<Vec<(String, Value)>>,
}

impl Receiver {
    fn answer(&self, status: u16) {
        self.0.status.store(status, Ordering::SeqCst);
    }

    fn received(&self) -> Vec<(String, Value)> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Receiver {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
        let body = serde_json::from_slice(request.body()).unwrap();
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner).push((id, body));
        let answer = Response::builder().status(self.0.status.load(Ordering::SeqCst));
        Box::pin(async move { Ok(answer.body(Bytes::new()).unwrap()) })
    }
}

async fn with_webhook(database: TestDatabase) -> (HttpWorld, Receiver) {
    let receiver = Receiver(Arc::new(Inner { status: AtomicU16::new(204), received: Mutex::default() }));
    let webhook = Webhook {
        target: Target::parse("https://app.example.org/hook", &AllowedHosts::default()).unwrap(),
        secrets: [SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()].into(),
        transport: Arc::new(receiver.clone()),
    };
    (HttpWorld::with_webhook(database, webhook).await, receiver)
}

async fn list(world: &HttpWorld, query: &str) -> Value {
    let answer = world.get(&format!("{DELIVERIES}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

on_both_databases! {
    async fn a_test_tells_what_the_endpoint_answers(database: TestDatabase) {
        let (world, receiver) = with_webhook(database).await;
        let taken = world.post(TEST, json!({})).await;
        assert_eq!(taken.status, 200);
        let taken = taken.json();
        assert_eq!((&taken["type"], &taken["state"], &taken["http_status"]), (&json!("webhook.test"), &json!("delivered"), &json!(204)));
        assert_eq!(receiver.received()[0].0, taken["id"].as_str().unwrap());
        receiver.answer(410);
        let gone = world.call(Method::POST, TEST, "").await.json();
        assert_eq!((&gone["state"], &gone["error"]), (&json!("failed"), &json!("The endpoint answered 410: it is disabled.")));
        let deliveries = list(&world, "").await;
        assert_eq!(deliveries["endpoint"]["state"], "disabled");
        assert!(deliveries["endpoint"]["disabled_at"].is_string());
        receiver.answer(200);
        world.post(TEST, json!({})).await;
        assert_eq!(list(&world, "").await["endpoint"], json!({"state": "enabled", "disabled_at": null}));
    }

    async fn deliveries_are_listed_and_sent_once_more(database: TestDatabase) {
        let (world, receiver) = with_webhook(database).await;
        connect(&world, "new").await;
        world.sync().await;
        world.post(TEST, json!({})).await;
        receiver.answer(500);
        world.send_webhooks().await;
        let waiting = list(&world, "?state=waiting").await;
        let one = &waiting["items"][0];
        assert_eq!((&one["type"], &one["user_id"], &one["item_id"]), (&json!("integration.connected"), &json!("ana"), &Value::Null));
        assert_eq!((&one["attempts"], &one["http_status"], &one["error"]), (&json!(1), &json!(500), &json!("The endpoint answered 500.")));
        assert!(one["next_attempt_at"].as_str() > one["attempted_at"].as_str());
        assert!(waiting.to_string().len() < 1_000 && one.get("data").is_none(), "what is sent is not shown: {one}");
        let first = list(&world, "?limit=1").await;
        assert_eq!(first["items"].as_array().unwrap().len(), 1);
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = list(&world, &format!("?limit=1&cursor={cursor}")).await;
        assert_ne!(rest["items"][0]["id"], first["items"][0]["id"]);
        assert_eq!(rest["next_cursor"], Value::Null);

        receiver.answer(200);
        let id = one["id"].as_str().unwrap();
        for _ in 0..2 {
            let replay = world.post(&format!("{DELIVERIES}/{id}/replay"), json!({})).await;
            assert_eq!((replay.status.as_u16(), &replay.json()["state"]), (202, &json!("waiting")));
            world.send_webhooks().await;
        }
        let sent: Vec<_> = receiver.received().into_iter().filter(|(of, _)| of == id).collect();
        assert_eq!(sent.len(), 3, "under one id");
        assert_eq!(sent[0].1["data"], world.get("/api/v1/changes").await.json()["items"][0]);
        assert_eq!(list(&world, "?state=delivered").await["items"].as_array().unwrap().len(), 2);
    }

    async fn nonsense_is_refused_by_name(database: TestDatabase) {
        let (world, _) = with_webhook(database).await;
        for id in ["none", "%00", "..%2f..", &"9".repeat(4_000), "00000000-0000-0000-0000-000000000000", "%27%20OR%201%3D1"] {
            world.post(&format!("{DELIVERIES}/{id}/replay"), json!({})).await.problem(404, "not-found");
        }
        for query in ["?state=lost", "?cursor=x", "?limit=0", "?user_id=ana"] {
            assert_eq!(world.get(&format!("{DELIVERIES}{query}")).await.bad_fields().len(), 1, "{query}");
        }
        world.post(TEST, json!({})).await;
        world.post(TEST, json!({})).await;
        let cursor = list(&world, "?limit=1").await["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(world.get(&format!("{DELIVERIES}?state=waiting&cursor={cursor}")).await.bad_fields(), ["cursor"]);
        assert_eq!(world.post(TEST, json!({"url": "https://e.org"})).await.bad_fields(), ["url"]);
    }
}

#[tokio::test]
async fn without_a_webhook_there_is_nothing_to_try() {
    let world = HttpWorld::new().await;
    world.post(TEST, json!({})).await.problem(409, "no-webhook");
    let empty = json!({"items": [], "next_cursor": null, "endpoint": {"state": "none", "disabled_at": null}});
    assert_eq!(list(&world, "").await, empty);
}

#[tokio::test]
async fn answers_fit_the_description() {
    let (world, receiver) = with_webhook(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let checker = Checker(world.get("/openapi.json").await.json());
    connect(&world, "new").await;
    world.sync().await;
    receiver.answer(500);
    world.send_webhooks().await;
    checker.answer("post", TEST, &world.post(TEST, json!({})).await);
    checker.answer("get", DELIVERIES, &world.get(DELIVERIES).await);
    let id = list(&world, "?state=waiting").await["items"][0]["id"].as_str().unwrap().to_owned();
    let replay = format!("{DELIVERIES}/{{id}}/replay");
    checker.answer("post", &replay, &world.post(&replay.replace("{id}", &id), json!({})).await);
    checker.answer("post", &replay, &world.post(&replay.replace("{id}", "none"), json!({})).await);
    checker.answer("get", "/api/v1/changes", &world.get("/api/v1/changes").await);
}
