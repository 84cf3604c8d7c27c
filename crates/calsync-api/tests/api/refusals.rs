//! What was refused is kept, so that somebody can find out why an item is missing.

use calsync_testing::on_both_databases;
use calsync_testing::world::http::HttpWorld;
use serde_json::{Value, json};

async fn refusals(world: &HttpWorld, query: &str) -> Vec<Value> {
    world.get(&format!("/api/v1/refusals{query}")).await.json()["items"].as_array().unwrap().clone()
}

on_both_databases! {
    async fn a_refused_item_is_found_with_its_errors(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        world.put("/api/v1/items/task/t1", json!({"title": "", "status": "active"})).await.bad_fields();
        let refused = refusals(&world, "").await;
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0]["kind"], "task");
        assert_eq!(refused[0]["item_id"], "t1");
        assert_eq!(refused[0]["key_name"], "the platform");
        assert_eq!(refused[0]["status"], 422);
        assert_eq!(refused[0]["at"], calsync_testing::world::START);
        let fields: Vec<_> = refused[0]["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert!(fields.contains(&&json!("user_ids")) && fields.contains(&&json!("title")), "{fields:?}");
    }

    async fn whatever_was_sent_can_be_kept(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let long = "k".repeat(10_000);
        let body = json!({"a\u{0}b": 1, long.as_str(): 2, "\u{1b}[31m": 3});
        world.put("/api/v1/items/x%00%0A/%1B%1B", body).await.bad_fields();
        let line = json!({"op": "put", "kind": "\u{0}", "item_id": long, "\u{0}": "\u{0}"});
        assert_eq!(world.batch(&line.to_string()).await[0]["status"], 422);
        let refused = refusals(&world, "").await;
        assert_eq!(refused.len(), 2);
        for refusal in refused {
            let text = refusal.to_string();
            assert!(!text.contains("\\u00") && text.len() < 2_000, "{text}");
        }
    }

    async fn refusals_are_listed_since_a_time_and_page_by_page(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        for number in 0..3 {
            world.put(&format!("/api/v1/items/task/t{number}"), json!({})).await.bad_fields();
            world.advance(3_600);
        }
        assert_eq!(refusals(&world, "?since=2024-03-01T01:00:00Z").await.len(), 2);
        let first = world.get("/api/v1/refusals?limit=2").await.json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = world.get(&format!("/api/v1/refusals?limit=2&cursor={cursor}")).await.json();
        assert_eq!(rest["items"][0]["item_id"], "t2");
        assert_eq!(rest["next_cursor"], Value::Null);
        world.advance(31 * 24 * 3_600);
        assert!(refusals(&world, "").await.is_empty(), "30 days are over");
    }
}

#[tokio::test]
async fn refused_users_and_lost_versions_are_kept_too() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "?"})).await.bad_fields();
    let task = |title| json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09", "status": "active", "version": 1});
    world.put("/api/v1/items/task/t1", task("one")).await;
    world.put("/api/v1/items/task/t1", task("two")).await.problem(409, "version-conflict");
    world.call(http::Method::PUT, "/api/v1/items/task/t2", "{").await.problem(400, "bad-json");
    let refused = refusals(&world, "").await;
    let statuses: Vec<_> = refused.iter().map(|one| one["status"].as_u64().unwrap()).collect();
    let mut sorted = statuses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [400, 409, 422]);
    assert!(refused.iter().any(|one| one["user_id"] == "ana"));
}
