//! Batches: answered line by line, and one bad line doesn't fail another.

use std::fs;

use calsync_testing::on_both_databases;
use calsync_testing::tools::repository;
use calsync_testing::world::http::HttpWorld;
use http::Method;
use serde_json::{Value, json};

fn task(id: &str) -> Value {
    json!({"op": "put", "kind": "task", "item_id": id, "user_ids": ["ana"], "title": "t",
        "due_on": "2031-03-09", "status": "active"})
}

on_both_databases! {
    async fn lines_are_answered_in_order_and_fail_alone(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let lines = [
            json!({"op": "put_user", "user_id": "ana", "email": "ana@example.org"}).to_string(),
            task("t1").to_string(),
            "{".into(),
            task("t1").to_string(),
            String::new(),
            json!({"op": "delete", "kind": "task", "item_id": "t1"}).to_string(),
            json!({"op": "delete", "kind": "task", "item_id": "never"}).to_string(),
            task("t1").to_string() + "\r",
        ];
        let answers = world.batch(&lines.join("\n")).await;
        let number = |one: &Value, field: &str| one[field].as_u64().unwrap();
        let seen: Vec<_> = answers.iter().map(|one| (number(one, "line"), number(one, "status"))).collect();
        assert_eq!(seen, [(1, 201), (2, 201), (3, 400), (4, 200), (6, 204), (7, 204), (8, 201)]);
        let first = json!({"line": 1, "kind": null, "item_id": null, "user_id": "ana", "status": 201});
        assert_eq!(answers[0], first);
        assert_eq!(answers[1], json!({"line": 2, "kind": "task", "item_id": "t1", "status": 201}));
        assert_eq!(answers[2]["problem"]["type"], "/problems/bad-json");
        assert_eq!(world.get("/api/v1/items/task/t1").await.status, 200);
    }

    async fn writers_that_cross_each_other_all_get_through(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let lines = |writer: usize| -> Vec<String> {
            (0..100).map(|number| {
                let mut line = task(&format!("t{number}"));
                line["title"] = json!(format!("by writer {writer}"));
                line["user_ids"] = json!([format!("u{}", number % 7)]);
                line.to_string()
            }).collect()
        };
        let (forth, mut back) = (lines(1), lines(2));
        back.reverse();
        let (forth, back) = (forth.join("\n"), back.join("\n"));
        let answers = futures_util::future::join(world.batch(&forth), world.batch(&back)).await;
        for answer in answers.0.iter().chain(&answers.1) {
            assert!(answer["status"].as_u64().unwrap() < 300, "{answer}");
        }
    }

    async fn each_broken_line_gets_the_answer_that_it_must(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        // What the two lines about versions run into.
        let stored = json!({"op": "put", "kind": "task", "item_id": "133", "user_ids": ["u1003"], "title": "Stored",
            "due_on": "2031-03-21", "status": "active", "version": 2});
        assert_eq!(world.batch(&stored.to_string()).await[0]["status"], 201);
        let broken = fs::read_to_string(repository().join("testdata/broken.ndjson")).unwrap();
        let cases: Vec<Value> = broken.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let lines: Vec<&str> = cases.iter().map(|case| case["line"].as_str().unwrap()).collect();
        let answers = world.batch(&lines.join("\n")).await;
        assert_eq!(answers.len(), 40);
        for (case, answer) in cases.iter().zip(&answers) {
            assert_eq!(answer["status"], case["status"], "{case}\n{answer}");
            assert_eq!(answer["problem"]["status"], case["status"]);
            let errors = answer["problem"]["errors"].as_array();
            let fields: Vec<_> = errors.into_iter().flatten().map(|error| &error["field"]).collect();
            let wanted: Vec<_> = [&case["field"]].into_iter().filter(|field| !field.is_null()).collect();
            assert_eq!(fields, wanted, "{case}\n{answer}");
        }
        let kept = world.get("/api/v1/refusals?limit=200").await.json();
        assert_eq!(kept["items"].as_array().unwrap().len(), 40);
        for (id, status) in [("broken", 404), ("broken-01", 404)] {
            assert_eq!(world.get(&format!("/api/v1/items/task/{id}")).await.status, status);
        }
        assert_eq!(world.get("/api/v1/items/task/133").await.json()["title"], "Stored");
    }
}

#[tokio::test]
async fn a_days_real_lines_are_all_taken() {
    let world = HttpWorld::new().await;
    let day = fs::read_to_string(repository().join("testdata/month/2031-02-28.ndjson")).unwrap();
    let answers = world.batch(&day).await;
    assert_eq!(answers.len(), day.lines().count());
    assert!(answers.len() > 1_000, "more than one slice");
    for (answer, line) in answers.iter().zip(day.lines()) {
        assert!(answer["status"].as_u64().unwrap() < 300, "{line}\n{answer}");
    }
}

#[tokio::test]
async fn a_batch_has_its_limits() {
    let world = HttpWorld::new().await;
    let too_many = "{}\n".repeat(10_001);
    let answer = world.call(Method::POST, "/api/v1/items/batch", too_many).await;
    answer.problem(413, "too-large");
    let too_large = " ".repeat((16 << 20) + 1);
    world.call(Method::POST, "/api/v1/items/batch", too_large).await.problem(413, "too-large");
    let long_line = format!("{{\"op\":\"put\",\"title\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(world.batch(&long_line).await[0]["status"], 413);
    assert!(world.batch("\n\n").await.is_empty());
}

#[tokio::test]
async fn snapshots_are_not_there_yet() {
    let world = HttpWorld::new().await;
    let answer = world.call(Method::POST, "/api/v1/items/batch?snapshot=task", task("t1").to_string()).await;
    assert_eq!(answer.bad_fields(), ["snapshot"]);
    let answer = world.call(Method::POST, "/api/v1/items/batch?snapshot=", task("t1").to_string()).await;
    assert_eq!(answer.bad_fields(), ["snapshot"]);
    world.get("/api/v1/items/task/t1").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_lost_database_fails_each_line_and_is_tried_no_more() {
    let world = HttpWorld::new().await;
    let request = world.request(Method::POST, "/api/v1/items/batch", format!("{}\n", task("t1")).repeat(501));
    // The key is checked before the database goes, the lines come after.
    use tower::ServiceExt;
    let response = world.router.clone().oneshot(request).await.unwrap();
    world.engine.store().close().await;
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answers: Vec<Value> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 501);
    assert!(answers.iter().all(|answer| answer["status"] == 503), "{:?}", answers[0]);
    assert_eq!(answers[500]["problem"]["type"], "/problems/unavailable");
}
