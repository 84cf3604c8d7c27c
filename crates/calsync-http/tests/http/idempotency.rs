//! A POST that comes again with its key is answered as the first time.

use calsync_testing::on_both_databases;
use calsync_testing::world::http::{Answer, HttpWorld};
use http::{Method, Request};
use serde_json::json;

async fn post(world: &HttpWorld, path: &str, key: &str, body: &str) -> Answer {
    let mut request: Request<_> = world.request(Method::POST, path, body.to_owned());
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    world.send(request).await
}

const LINK: &str = "/api/v1/users/ana/connect-link";

on_both_databases! {
    async fn the_same_request_is_answered_the_same_for_a_day(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        world.put("/api/v1/users/ana", json!({"email": "a@b.c"})).await;
        let first = post(&world, LINK, "k1", "{}").await;
        assert_eq!(first.status, 200);
        let again = post(&world, LINK, "k1", "{}").await;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("content-type"), "application/json");
        assert_ne!(post(&world, LINK, "k2", "{}").await.text, first.text);
        world.advance(25 * 3_600);
        assert_ne!(post(&world, LINK, "k1", "{}").await.text, first.text);
    }

    async fn a_batch_is_done_once(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let line = r#"{"op":"put_user","user_id":"ana","email":"a@b.c"}"#;
        let first = post(&world, "/api/v1/items/batch", "k1", line).await;
        assert_eq!(first.lines()[0]["status"], 201);
        let again = post(&world, "/api/v1/items/batch", "k1", line).await;
        assert_eq!(again.text, first.text, "created, not changed: it was not done again");
        assert_eq!(again.header("content-type"), "application/x-ndjson");
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "a@b.c"})).await;
    post(&world, LINK, "k1", "{}").await;
    let other = post(&world, LINK, "k1", r#"{"expires_in":60}"#).await;
    other.problem(422, "idempotency-key-reused");
    let other = post(&world, "/api/v1/users/ben/connect-link", "k1", "{}").await;
    other.problem(422, "idempotency-key-reused");
    assert_eq!(post(&world, LINK, &"k".repeat(256), "{}").await.bad_fields(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let world = HttpWorld::new().await;
    let first = post(&world, LINK, "k1", "{}").await;
    first.problem(404, "not-found");
    world.put("/api/v1/users/ana", json!({"email": "a@b.c"})).await;
    let again = post(&world, LINK, "k1", "{}").await;
    again.problem(404, "not-found");
    assert_eq!(again.text, first.text);
}
