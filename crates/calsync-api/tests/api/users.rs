//! Users, as the platform tells of them.

use calsync_testing::on_both_databases;
use calsync_testing::world::http::HttpWorld;
use serde_json::json;

on_both_databases! {
    async fn a_user_is_created_changed_and_read(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let path = "/api/v1/users/ana";
        world.get(path).await.problem(404, "not-found");
        let ana = json!({"email": "ana@example.org", "name": "Ana", "time_zone": "Asia/Tokyo", "locale": "ja"});
        assert_eq!(world.put(path, ana.clone()).await.status, 201);
        assert_eq!(world.put(path, ana).await.status, 200);
        let changed = world.put(path, json!({"email": "ana@example.com"})).await;
        assert_eq!(changed.status, 200);
        assert_eq!(
            world.get(path).await.json(),
            json!({"user_id": "ana", "email": "ana@example.com", "name": null, "time_zone": null, "locale": null})
        );
    }

    async fn a_user_named_by_an_item_is_made(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let task = json!({"user_ids": ["eva"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        world.put("/api/v1/items/task/t1", task).await;
        assert_eq!(world.get("/api/v1/users/eva").await.json()["email"], json!(null));
    }
}

#[tokio::test]
async fn every_bad_field_of_a_user_is_named() {
    let world = HttpWorld::new().await;
    let bad =
        json!({"email": "nobody", "name": "a\u{0}b", "time_zone": "KST+9", "locale": "日本", "phone": 1});
    let mut fields = world.put("/api/v1/users/ana", bad).await.bad_fields();
    fields.sort();
    assert_eq!(fields, ["email", "locale", "name", "phone", "time_zone"]);
    assert_eq!(world.put("/api/v1/users/ana", json!({})).await.bad_fields(), ["email"]);
    let long = "x".repeat(129);
    let answer = world.put(&format!("/api/v1/users/{long}"), json!({"email": "a@b.c"})).await;
    assert_eq!(answer.bad_fields(), ["user_id"]);
    world.get("/api/v1/users/ana").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_connect_link_is_for_a_known_user() {
    let world = HttpWorld::new().await;
    world.post("/api/v1/users/ana/connect-link", json!({})).await.problem(404, "not-found");
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let link = world.post("/api/v1/users/ana/connect-link", json!({})).await;
    assert_eq!(link.status, 200);
    assert_eq!(link.json()["expires_at"], "2024-03-01T00:15:00Z");
    assert!(link.json()["url"].as_str().unwrap().starts_with("http://127.0.0.1:4300/connect/"));
    let empty = world.call(http::Method::POST, "/api/v1/users/ana/connect-link", "").await;
    assert_eq!(empty.status, 200, "nothing asked for is all defaults");
    let week = world.post("/api/v1/users/ana/connect-link", json!({"expires_in": 604_800})).await;
    assert_eq!(week.json()["expires_at"], "2024-03-08T00:00:00Z");
}

#[tokio::test]
async fn a_connect_link_leads_back_to_the_platform_alone() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let ask =
        async |url: &str| world.post("/api/v1/users/ana/connect-link", json!({"return_url": url})).await;
    assert_eq!(ask("https://app.example.org/settings/calendar").await.status, 200);
    for url in
        ["//evil.example", "https://app.example.org@evil.example/settings", "/\\evil", "javascript:alert(1)"]
    {
        assert_eq!(ask(url).await.bad_fields(), ["return_url"], "{url}");
    }
    let bad = json!({"return_url": 1, "expires_in": 604_801, "colour": "red"});
    let mut fields = world.post("/api/v1/users/ana/connect-link", bad).await.bad_fields();
    fields.sort();
    assert_eq!(fields, ["colour", "expires_in", "return_url"]);
}
