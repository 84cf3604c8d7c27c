//! Where an item stands, and what its user made of it in Google and lost, as an admin reads it.

use axum::body::Body;
use calsync_store::admins::Role;
use calsync_testing::world::email;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{connect, signed_in};
use http::Request;
use serde_json::{Value, json};

const TRACE: &str = "/api/v1/admin/items/session/s1/trace";

fn session(description: &str) -> Value {
    json!({"user_ids": ["ana"], "title": "Talk", "description": description, "status": "active",
        "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"})
}

#[tokio::test]
async fn an_admin_sees_what_a_user_changed_and_a_rule_undid() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.put("/api/v1/items/session/s1", session("")).await;
    world.sync().await;
    let trace = world.admin_get(TRACE).await.json();
    assert_eq!((trace["deleted"].as_bool(), &trace["user_edits"]), (Some(false), &json!([])));
    assert_eq!((&trace["sync"][0]["user_id"], &trace["sync"][0]["state"]), (&json!("ana"), &json!("synced")));

    let event = world.events("ana", true).remove(0);
    let (calendar, id) = (event["calendar_id"].as_str().unwrap(), event["id"].as_str().unwrap());
    world.google.user_edits_event(&email("ana"), calendar, id, &json!({"summary": "Mine"})).unwrap();
    world.put("/api/v1/items/session/s1", session("Bring questions.")).await;
    world.sync().await;
    let trace = world.admin_get(TRACE).await.json();
    let edit = &trace["user_edits"][0];
    assert_eq!(trace["user_edits"].as_array().unwrap().len(), 1, "{trace}");
    assert_eq!((&edit["user_id"], &edit["field"]), (&json!("ana"), &json!("title")));
    assert_eq!((&edit["before"], &edit["after"]), (&json!("Talk"), &json!("Mine")));
    assert_eq!(edit["verdict"], "undone");
    assert!(edit["seen_at"].is_string() && edit["google_updated_at"].is_string(), "{edit}");
    assert!(edit["sentence"].as_str().unwrap().contains("always wins"), "{edit}");

    let cookies = signed_in(&world, Role::Support).await;
    let request = Request::get(TRACE).header("cookie", cookies).body(Body::empty()).unwrap();
    let edit = world.send(request).await.json()["user_edits"][0].take();
    assert_eq!(
        (&edit["before"], &edit["after"]),
        (&Value::Null, &Value::Null),
        "users' own words are for owners"
    );
    assert_eq!((&edit["field"], &edit["verdict"]), (&json!("title"), &json!("undone")));
    world.delete("/api/v1/items/session/s1").await;
    assert_eq!(world.admin_get(TRACE).await.json()["deleted"], true);
}

#[tokio::test]
async fn an_item_that_never_came_is_told_from_one_that_was_refused() {
    let world = HttpWorld::new().await;
    let says = |trace: &Value, sentence: &str| {
        assert!(trace["sentence"].as_str().unwrap().contains(sentence), "{trace}");
        assert_eq!(trace["sync"], json!([]));
    };
    let trace = world.admin_get(TRACE).await.json();
    assert_eq!((&trace["received"], &trace["refusals"]), (&json!(false), &json!([])));
    says(&trace, "never sent it");

    let mut bad = session("");
    bad["ends_at"] = json!("2024-03-09T09:00:00Z");
    world.put("/api/v1/items/session/s1", bad).await.problem(422, "bad-fields");
    world.put("/api/v1/items/session/s2", json!({})).await.problem(422, "bad-fields");
    let trace = world.admin_get(TRACE).await.json();
    assert_eq!((&trace["received"], &trace["deleted"]), (&json!(false), &json!(false)));
    says(&trace, "refused");
    let refusal = &trace["refusals"][0];
    assert_eq!(trace["refusals"].as_array().unwrap().len(), 1, "of this item alone: {trace}");
    assert_eq!((&refusal["status"], &refusal["item_id"]), (&json!(422), &json!("s1")));
    assert_eq!(refusal["errors"][0]["field"], "ends_at", "{refusal}");

    world.put("/api/v1/items/session/s1", session("")).await;
    let trace = world.admin_get(TRACE).await.json();
    assert_eq!((&trace["received"], &trace["sentence"]), (&json!(true), &Value::Null));
    assert_eq!(trace["refusals"].as_array().unwrap().len(), 1, "what was refused before is told still");
    world.admin_get("/api/v1/admin/items/meeting/s1/trace").await.problem(422, "bad-fields");
}
