//! A user's connections, as the platform and an admin see them.

use axum::body::Body;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::connect;
use http::Request;
use serde_json::{Value, json};

async fn as_admin(world: &HttpWorld) -> Value {
    let request = Request::get("/api/v1/admin/users/ana/integrations");
    let request = request.header("authorization", format!("Bearer {}", world.admin));
    world.send(request.body(Body::empty()).unwrap()).await.json()
}

async fn as_platform(world: &HttpWorld) -> Value {
    world.get("/api/v1/users/ana/integrations").await.json()
}

fn task() -> Value {
    json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"})
}

#[tokio::test]
async fn a_user_without_a_connection_has_an_empty_list() {
    let world = HttpWorld::new().await;
    world.get("/api/v1/users/ana/integrations").await.problem(404, "not-found");
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    assert_eq!(as_platform(&world).await, json!({"items": [], "next_cursor": null}));
    assert_eq!(as_admin(&world).await, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_connection_is_shown_from_making_its_calendar_to_synced() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/items/task/t1", task()).await;
    connect(&world, "new").await;
    let one = as_platform(&world).await["items"][0].clone();
    assert_eq!(one["provider"], "google");
    assert_eq!(one["state"], "connecting");
    assert_eq!(one["sentence"], "Connected; the calendar is being made.");
    assert_eq!(one["counts"], json!({"synced": 0, "waiting": 1, "parked": 0, "held": 0}));
    let item = world.get("/api/v1/items/task/t1").await.json();
    assert_eq!(item["sync"][0]["state"], "waiting");

    world.sync().await;
    let one = as_platform(&world).await["items"][0].clone();
    assert_eq!(one["state"], "active", "{one}");
    assert_eq!(one["account_email"], "ana@example.org");
    assert_eq!(one["channel"], json!({"state": "off", "expires_at": null}));
    assert_eq!(one["next_step"], json!({"text": "Nothing to do.", "who": "nobody", "action": null}));
    assert_eq!(one["counts"]["synced"], 1);
    assert!(one["target_calendar"]["id"].is_string());
    let item = world.get("/api/v1/items/task/t1").await.json();
    assert_eq!(item["sync"][0]["state"], "synced");
    assert_eq!(item["sync"][0]["remote"]["type"], "event");
    assert!(item["sync"][0]["remote"]["html_link"].is_string());
    assert_eq!(as_admin(&world).await["items"][0]["state"], "active");
}

#[tokio::test]
async fn a_change_that_waits_longer_than_promised_is_a_delay() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    world.put("/api/v1/items/task/t1", task()).await;
    world.advance(5 * 60);
    assert_eq!(as_platform(&world).await["items"][0]["state"], "active");
    world.advance(1);
    assert_eq!(as_platform(&world).await["items"][0]["state"], "delayed");
}

#[tokio::test]
async fn no_token_is_ever_shown() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    let shown = format!("{}{}", as_platform(&world).await, as_admin(&world).await);
    let state = world.google.state();
    let grants = state["grants"].as_array().unwrap();
    assert!(!grants.is_empty());
    for grant in grants {
        for name in ["access_token", "refresh_token"] {
            assert!(!shown.contains(grant[name].as_str().unwrap()));
        }
    }
}

#[tokio::test]
async fn users_are_spoken_to_in_their_own_language() {
    let world = HttpWorld::new().await;
    for (user, locale) in [("ana", "ja-JP"), ("ben", "ko"), ("cho", "de")] {
        let body = json!({"email": format!("{user}@example.org"), "locale": locale});
        world.put(&format!("/api/v1/users/{user}"), body).await;
    }
    connect(&world, "new").await;
    let sentence = async |user: &str| {
        let list = world.get(&format!("/api/v1/users/{user}/integrations")).await.json();
        list["items"][0]["sentence"].clone()
    };
    // `connect` puts Ana anew, without a locale.
    assert_eq!(sentence("ana").await, "Connected; the calendar is being made.");
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org", "locale": "ja-JP"})).await;
    assert_eq!(sentence("ana").await, "接続済みです。カレンダーを作成しています。");

    let body = json!({"user_ids": ["ana", "ben", "cho"], "title": "Talk", "status": "active",
        "starts_at": "2031-03-02T10:00:00Z", "ends_at": "2031-03-02T11:00:00Z"});
    let item = world.put("/api/v1/items/session/talk", body).await.json();
    assert_eq!(item["sync"][0]["sentence"], "順番を待っています。まもなく Google カレンダーに反映されます。");
    assert_eq!(item["sync"][1]["sentence"], "Google 캘린더가 연결되어 있지 않습니다.");
    assert_eq!(item["sync"][2]["sentence"], "Google Calendar is not connected.");
}

#[tokio::test]
async fn a_grant_that_is_over_says_why_to_whom_it_concerns() {
    let world = HttpWorld::new().await;
    world.google_account("ana@example.org", json!([]));
    connect(&world, "new").await;
    world.sync().await;
    world.advance(184 * 24 * 3_600);
    world.put("/api/v1/items/task/t1", task()).await;
    world.sync().await;

    let to_admin = as_admin(&world).await["items"][0].clone();
    assert_eq!((&to_admin["state"], &to_admin["reason"]), (&json!("needs_action"), &json!("grant_expired")));
    assert_eq!(to_admin["cause"], "unused");
    assert_eq!(to_admin["sentence"], "Google ended the grant: it was not used for six months.");
    assert_eq!(to_admin["evidence"], "It was last used 184 days before Google refused it.");
    let to_user = as_platform(&world).await["items"][0].clone();
    assert_eq!((&to_user["cause"], &to_user["evidence"]), (&json!("unused"), &Value::Null));
    assert_eq!(
        to_user["sentence"],
        "Google ended our access to your calendar, since it was not used for six months."
    );
    let step = json!({"text": "Connect Google Calendar again.", "who": "user", "action": "reconnect"});
    assert_eq!((&to_admin["next_step"], &to_user["next_step"]), (&step, &step));
}
