//! The webhook of the built program, taken by a receiver that is not ours: the Python package of
//! Standard Webhooks verifies each delivery.

use std::process::Command;

use bytes::Bytes;
use calsync_google::{HttpTransport, Transport};
use calsync_testing::tools::python;
use calsync_testing::{Program, TestDatabase, eventually, on_both_databases};
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser_client;
use crate::leaks::{Leaks, Whose};
use crate::world::{World, transport};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/webhook_receiver.py");
const SECRET: &str = "whsec_bWFya2VyLW9mLXRoZS13ZWJob29rcy1zZWNyZXQ=";
/// An address may be a secret, too.
const PATH: &str = "/hook/marker-of-the-webhooks-address";
const LOST: &str = "integration.needs_reconnect";

/// The platform's end.
struct Receiver {
    url: String,
    transport: HttpTransport,
    _program: Program,
}

impl Receiver {
    async fn start() -> Self {
        let mut command = Command::new(python());
        command.args([SCRIPT, SECRET]);
        let mut program = Program::start(command);
        let url = program.address("listens on").await;
        Self { url, transport: transport(), _program: program }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string()));
        let answer = self.transport.send(request.unwrap()).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }

    async fn answer(&self, event_type: &str, status: u16) {
        self.send(Method::PUT, &format!("/answers/{event_type}"), json!(status)).await;
    }

    /// What came of this type and was answered `status`.
    async fn received(&self, event_type: &str, status: u16) -> Vec<Value> {
        let all = self.send(Method::GET, "/received", Value::Null).await.as_array().unwrap().clone();
        assert!(all.iter().all(|one| one["status"] != 401), "each one verifies: {all:?}");
        all.into_iter()
            .filter(|one| one["status"] == status && one["message"]["type"] == event_type)
            .collect()
    }

    /// Waits for the first that is answered `status`.
    async fn first(&self, event_type: &str, status: u16) -> Value {
        let what = format!("a delivery of {event_type} that is answered {status}");
        eventually(what, async || self.received(event_type, status).await.into_iter().next()).await
    }
}

/// A deployment with a webhook, and its log at the loudest.
async fn world(database: TestDatabase, receiver: &Receiver, folder: &TempDir) -> World {
    let mut world = World::start(database).await;
    let service = &mut world.service;
    service.kill().await;
    service.set("RUST_LOG", "trace");
    service.set("CALSYNC_PLATFORM__WEBHOOK_URL", &format!("{}{PATH}", receiver.url));
    service.set("CALSYNC_PLATFORM__WEBHOOK_SECRET", SECRET);
    service.set("CALSYNC_PLATFORM__WEBHOOK_ALLOW_HOSTS", "127.0.0.1");
    service.run_with_log(&folder.path().join("log-1")).await;
    world
}

/// The link that a delivery of a lost connection carries.
fn link(delivery: &Value) -> String {
    delivery["message"]["data"]["after"]["connect_url"].as_str().unwrap().to_owned()
}

on_both_databases! {
    async fn a_lost_connection_is_told_once_though_the_program_is_killed_and_its_link_works(database: TestDatabase) {
        let (receiver, folder) = (Receiver::start().await, tempfile::tempdir().unwrap());
        let mut world = world(database, &receiver, &folder).await;
        world.connect("ana", &json!({"email": "ana@example.org"})).await;
        receiver.first("integration.connected", 204).await;

        receiver.answer(LOST, 503).await;
        world.google.control(Method::POST, "/accounts/ana@example.org/revoke", &json!({})).await;
        let task = json!({"user_ids": ["ana"], "title": "Read", "due_at": "2031-03-09T10:00:00Z", "status": "active"});
        world.service.put("/items/task/t1", &task).await;
        let refused = receiver.first(LOST, 503).await;
        world.service.kill().await;
        receiver.answer(LOST, 204).await;
        world.service.run_with_log(&folder.path().join("log-2")).await;
        let taken = receiver.first(LOST, 204).await;
        assert_eq!(taken["id"], refused["id"]);
        let (first, last) = (link(&refused), link(&taken));
        assert_eq!(first, last, "each delivery tells the same link");
        browser_client::connect(&transport(), &last).await.unwrap();
        world.wait_until_synced("ana").await;
        eventually("both connections to be told", async || {
            (receiver.received("integration.connected", 204).await.len() == 2).then_some(())
        }).await;

        assert_eq!(receiver.received(LOST, 204).await.len(), 1);
        let feed = world.service.get("/changes").await;
        let lost: Vec<_> = feed["items"].as_array().unwrap().iter().filter(|one| one["change"] == "needs_reconnect").collect();
        let [in_feed] = &lost[..] else { panic!("told once: {feed}") };
        let mut told = taken["message"]["data"].clone();
        told["after"]["connect_url"] = Value::Null;
        assert_eq!(&told, *in_feed, "once she is back, nobody needs a link");

        let mut leaks = Leaks::default();
        leaks.look_for("the webhook's secret", SECRET.strip_prefix("whsec_").unwrap(), Whose::Ours);
        leaks.look_for("the webhook's secret, decoded", "marker-of-the-webhooks-secret", Whose::Ours);
        leaks.look_for("the webhook's address", PATH.strip_prefix("/hook/").unwrap(), Whose::Ours);
        leaks.look_for("a link in a webhook that was refused", first.rsplit('/').next().unwrap(), Whose::Ours);
        world.service.kill().await;
        leaks.stored(&world.service.database.contents());
        let logs = ["log-1", "log-2"].map(|name| std::fs::read(folder.path().join(name)).unwrap()).concat();
        assert!(String::from_utf8_lossy(&logs).contains("TRACE"), "the search works");
        leaks.search(&logs);
    }
}

#[tokio::test]
async fn a_private_address_is_refused_and_a_secret_is_needed() {
    let database = TestDatabase::new(calsync_testing::DatabaseKind::Sqlite);
    let mut world = World::start(database).await;
    world.service.kill().await;
    let mut refused = |settings: &[(&'static str, &str)]| {
        for (name, value) in settings {
            world.service.set(name, value);
        }
        let output = world.service.command().arg("serve").output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&[("CALSYNC_PLATFORM__WEBHOOK_URL", "http://127.0.0.1:9/hook")]);
    assert!(said.contains("platform.webhook_url: \"http://127.0.0.1:9/hook\" can't be used"), "{said}");
    let said = refused(&[("CALSYNC_PLATFORM__WEBHOOK_ALLOW_HOSTS", "127.0.0.1")]);
    assert!(said.contains("platform.webhook_secret: nothing is set; allowed: whsec_"), "{said}");
    let said = refused(&[("CALSYNC_PLATFORM__WEBHOOK_SECRET", "marker-of-a-secret")]);
    assert!(
        said.contains("platform.webhook_secret: *** can't be used") && !said.contains("marker"),
        "{said}"
    );
}
