//! The way to connect, and to leave, works with an authorization server that is not ours: Authlib's
//! checks client, redirect address, code, PKCE and refresh tokens. The Calendar API is the simulator's.

use std::process::Command;

use bytes::Bytes;
use calsync_google::Transport;
use calsync_testing::tools::python;
use calsync_testing::{DatabaseKind, Program, TestDatabase, eventually};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::browser_client::Platform;
use crate::world::{World, transport};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/authorization_server.py");

/// The other authorization server.
struct Server {
    url: String,
    _program: Program,
}

impl Server {
    async fn start(google: &str, redirect_uri: &str) -> Self {
        let mut command = Command::new(python());
        command.args([SCRIPT, google, redirect_uri, "test", "test"]);
        let mut program = Program::start(command);
        let url = program.address("listens on").await;
        Self { url, _program: program }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = Request::get(format!("{}{path}", self.url)).body(Bytes::new()).unwrap();
        let answer = transport().send(request).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }

    async fn calls(&self, path: &str) -> u64 {
        self.get("/state").await.1["calls"][path].as_u64().unwrap_or(0)
    }
}

/// A world whose users consent at the other server.
async fn world() -> (World, Server) {
    let mut world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let redirect_uri = format!("{}/oauth/google/callback", world.service.url);
    let server = Server::start(&world.google.url, &redirect_uri).await;
    let service = &mut world.service;
    service.kill().await;
    for (key, path) in [
        ("CALSYNC_GOOGLE__AUTH_URL", "/authorize"),
        ("CALSYNC_GOOGLE__TOKEN_URL", "/token"),
        ("CALSYNC_GOOGLE__USERINFO_URL", "/userinfo"),
        ("CALSYNC_GOOGLE__REVOKE_URL", "/revoke"),
    ] {
        service.set(key, &format!("{}{path}", server.url));
    }
    service.run().await;
    world.google.control(Method::POST, "/accounts", &json!({"email": "ana@example.org"})).await;
    (world, server)
}

#[tokio::test]
async fn users_connect_stay_connected_and_leave() {
    let (world, server) = world().await;
    world.connect("ana", &json!({"email": "ana@example.org"})).await;
    let task = |title: &str| json!({"user_ids": ["ana"], "title": title, "due_at": "2031-03-09T10:00:00Z", "status": "active"});
    for title in ["Read", "Read more"] {
        world.service.put("/items/task/t1", &task(title)).await;
        eventually(format!("{title:?} in Google"), async || {
            let events = world.google.our_events().await;
            (events.len() == 1 && events[0]["summary"] == title).then_some(()).ok_or(events)
        })
        .await;
    }
    assert_eq!((server.calls("/authorize").await, server.calls("/userinfo").await), (1, 1));
    assert!(server.calls("/token").await >= 3, "a code, and refresh tokens that rotate");
    assert_eq!(server.get("/state").await.1["live"], json!(["ana@example.org"]));
    let connection = world.service.get("/users/ana/integrations").await["items"][0].clone();
    assert_eq!(connection["account_email"], "ana@example.org");

    let key = world.service.secret_of(&["api-key", "create", "--scope", "admin"]).into();
    let admin = Platform { transport: &transport(), url: &world.service.url, key: &key };
    let wish = json!({"note": "they asked for it"});
    let path = "/admin/users/ana/integrations/google/disconnect";
    let saga = admin.call(Method::POST, path, &wish).await.unwrap();
    let path = format!("/admin/disconnects/{}", saga["id"].as_str().unwrap());
    let ended = eventually("the end of the disconnect", async || {
        let saga = admin.call(Method::GET, &path, &Value::Null).await.unwrap();
        if saga["state"] == "running" { Err(saga) } else { Ok(saga) }
    })
    .await;
    assert_eq!(ended["state"], "done", "{ended}");
    assert_eq!(server.calls("/revoke").await, 1);
    assert_eq!(server.get("/state").await.1["live"], json!([]), "the grant is over there");
    assert_eq!(world.google.our_events().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_other_server_checks_what_it_is_given() {
    let (world, server) = world().await;
    let good = format!("redirect_uri={}/oauth/google/callback", world.service.url.replace(':', "%3A"));
    let ask = async |redirect: &str, rest: &str| {
        let query = "response_type=code&client_id=test&scope=openid&login_hint=ana%40example.org";
        server.get(&format!("/authorize?{query}&{redirect}{rest}")).await.0
    };
    let pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    assert_eq!(ask(&good, pkce).await, 302);
    assert_eq!(ask(&good, "").await, 400, "without PKCE");
    assert_eq!(ask("redirect_uri=http%3A%2F%2Fevil.example", pkce).await, 400, "to another address");
}
