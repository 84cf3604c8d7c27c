//! Items, put, read, listed and removed one by one.

use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::on_both_databases;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::connect;
use http::Method;
use serde_json::{Value, json};

fn session() -> serde_json::Value {
    json!({"user_ids": ["ana", "ben"], "title": "Mentoring", "starts_at": "2031-03-09T10:00:00+09:00",
        "ends_at": "2031-03-09T11:00:00+09:00", "meeting_url": "https://meet.example.org/1", "status": "active"})
}

on_both_databases! {
    async fn an_item_is_created_kept_changed_and_removed(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let path = "/api/v1/items/session/s1";
        let created = world.put(path, session()).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let again = world.put(path, session()).await;
        assert_eq!(again.status, 200);
        assert_eq!(again.json(), created.json());

        let item = world.get(path).await.json();
        assert_eq!(item, created.json());
        assert_eq!(item["kind"], "session");
        assert_eq!(item["item_id"], "s1");
        assert_eq!(item["starts_at"], "2031-03-09T01:00:00Z");
        let states: Vec<_> = item["sync"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, ["not_connected", "not_connected"]);
        assert_eq!(item["sync"][0]["user_id"], "ana");
        assert_eq!(item["sync"][0]["reason"], "not_connected");
        assert_eq!(item["sync"][0]["sentence"], "Google Calendar is not connected.");

        assert_eq!(world.delete(path).await.status, 204);
        assert_eq!(world.delete(path).await.status, 204);
        world.get(path).await.problem(404, "not-found");
        assert_eq!(world.put(path, session()).await.status, 201, "a later PUT starts anew");
    }

    async fn an_item_that_cant_be_read_is_shown_with_its_state_and_put_right(_db: TestDatabase) {
        // On SQLite, since it is damaged past the store.
        let world = HttpWorld::new().await;
        let task = |title: &str| json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09", "status": "active"});
        for id in ["a", "b", "c"] {
            assert_eq!(world.put(&format!("/api/v1/items/task/{id}"), task(id)).await.status, 201);
        }
        world.sql("UPDATE items SET body = '{\"title\"' WHERE item_id = 'b'").await;
        let list = world.get("/api/v1/items?user_id=ana").await;
        assert_eq!(list.status, 200, "{}", list.text);
        let list = list.json();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| &item["item_id"]).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        let (sound, damaged) = (&list["items"][0], &list["items"][1]);
        assert_eq!((&sound["title"], &damaged["title"]), (&json!("a"), &json!(null)));
        assert_eq!(damaged["sync"][0]["state"], "not_connected");
        assert_eq!(&world.get("/api/v1/items/task/b").await.json(), damaged);

        assert_eq!(world.put("/api/v1/items/task/b", task("b")).await.status, 200);
        assert_eq!(world.get("/api/v1/items/task/b").await.json()["title"], "b");
        world.sql("UPDATE items SET body = '' WHERE item_id IN ('a', 'b')").await;
        let lines = r#"{"op":"put","kind":"task","item_id":"a","user_ids":["ana"],"title":"A","due_on":"2031-03-09","status":"active"}
{"op":"delete","kind":"task","item_id":"b"}"#;
        let ends: Vec<_> = world.batch(lines).await.iter().map(|line| line["status"].clone()).collect();
        assert_eq!(ends, [200, 204]);
        assert_eq!(world.get("/api/v1/items/task/a").await.json()["title"], "A");
        world.get("/api/v1/items/task/b").await.problem(404, "not-found");
    }

    async fn a_lower_version_never_wins(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let path = "/api/v1/items/task/t1";
        let task = |title: &str, version: i64| {
            json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09", "status": "active",
                "version": version})
        };
        assert_eq!(world.put(path, task("first", 5)).await.status, 201);
        assert_eq!(world.put(path, task("first", 5)).await.status, 200);
        world.put(path, task("other", 5)).await.problem(409, "version-conflict");
        world.put(path, task("other", 4)).await.problem(409, "version-conflict");
        assert_eq!(world.put(path, task("second", 6)).await.status, 200);
        let older = world.delete(&format!("{path}?version=5")).await;
        older.problem(409, "version-conflict");
        assert_eq!(world.get(path).await.json()["title"], "second");
        assert_eq!(world.delete(&format!("{path}?version=6")).await.status, 204);
    }

    async fn an_old_put_that_comes_after_a_delete_brings_nothing_back(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let path = "/api/v1/items/task/t1";
        let task = |version: i64| {
            json!({"user_ids": ["ana"], "title": "Read", "due_on": "2031-03-09", "status": "active",
                "version": version})
        };
        assert_eq!(world.put(path, task(5)).await.status, 201);
        assert_eq!(world.delete(path).await.status, 204);
        for late in [4, 5] {
            world.put(path, task(late)).await.problem(409, "version-conflict");
        }
        world.get(path).await.problem(404, "not-found");
        assert_eq!(world.put(path, task(6)).await.status, 201);

        // The same in one batch, and in the batch that made the item.
        let line = |id: &str, version: i64| {
            let mut line = task(version);
            (line["op"], line["kind"], line["item_id"]) = ("put".into(), "task".into(), id.into());
            line.to_string()
        };
        let delete = |id: &str| json!({"op": "delete", "kind": "task", "item_id": id}).to_string();
        for (id, known) in [("t1", 6), ("t2", 1)] {
            let lines = [line(id, known), delete(id), line(id, known), line(id, known + 1)];
            let answers = world.batch(&lines.join("\n")).await;
            let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_i64().unwrap()).collect();
            assert_eq!(statuses[1..], [204, 409, 201], "{id}");
        }
    }

    async fn a_users_items_are_listed_page_by_page(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        for number in 0..5 {
            let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
            world.put(&format!("/api/v1/items/task/t{number}"), task).await;
        }
        world.put("/api/v1/items/session/s1", session()).await;
        world.put("/api/v1/items/session/s2", session()).await;
        world.delete("/api/v1/items/session/s2").await;

        let mut ids = Vec::new();
        let mut path = "/api/v1/items?user_id=ana&limit=4".to_owned();
        loop {
            let page = world.get(&path).await.json();
            let items = page["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["item_id"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert_eq!(items.len(), 4);
            path = format!("/api/v1/items?user_id=ana&limit=4&cursor={cursor}");
        }
        assert_eq!(ids, ["s1", "t0", "t1", "t2", "t3", "t4"]);

        let of = async |filter: &str| {
            let answer = world.get(&format!("/api/v1/items?user_id=ben&{filter}")).await;
            answer.json()["items"].as_array().unwrap().len()
        };
        assert_eq!(of("kind=session").await, 1);
        assert_eq!(of("kind=task").await, 0);
        assert_eq!(of("state=not_connected").await, 1);
        assert_eq!(of("state=synced").await, 0);
    }
}

#[tokio::test]
async fn what_waits_for_a_connection_that_has_stopped_says_so() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    world.google.revoke("ana@example.org", RevokeCause::User);
    for id in ["t1", "t2"] {
        let task = json!({"user_ids": ["ana"], "title": id, "due_on": "2031-03-09", "status": "active"});
        world.put(&format!("/api/v1/items/task/{id}"), task).await;
        world.sync().await;
        let sync = world.get(&format!("/api/v1/items/task/{id}")).await.json()["sync"][0].clone();
        assert_eq!((&sync["state"], &sync["reason"]), (&json!("waiting"), &json!("grant_unknown")), "{id}");
        assert!(sync["sentence"].as_str().unwrap().contains("Google"), "{sync}");
    }
}

#[tokio::test]
async fn a_new_version_of_what_google_refused_is_not_called_refused() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    let matches = FaultMatch { method: Some("events.insert".into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(400), reason: Some("invalid".into()), ..FaultEffect::default() };
    world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
    let put = async |title: &str| {
        let task = json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09", "status": "active"});
        world.put("/api/v1/items/task/t1", task).await.json()["sync"][0].clone()
    };
    put("one").await;
    for _ in 0..5 {
        world.sync().await;
        world.advance(3_600);
    }
    let parked = world.get("/api/v1/items/task/t1").await.json()["sync"][0].clone();
    assert_eq!(parked["state"], "parked", "{parked}");
    let waiting = put("two").await;
    assert_eq!((&waiting["state"], &waiting["reason"]), (&json!("waiting"), &Value::Null), "{waiting}");
}

#[tokio::test]
async fn head_answers_as_get_does_but_without_a_body() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/items/session/s1", session()).await;
    let get = world.get("/api/v1/items/session/s1").await;
    let head = world.call(Method::HEAD, "/api/v1/items/session/s1", "").await;
    assert_eq!((head.status, head.text.as_str()), (get.status, ""));
    let headers = |answer: &calsync_testing::world::http::Answer| -> Vec<String> {
        answer.headers.keys().map(ToString::to_string).collect()
    };
    assert_eq!(headers(&head), headers(&get));
    assert_eq!(world.call(Method::HEAD, "/api/v1/items/session/none", "").await.status, 404);
}

#[tokio::test]
async fn ids_may_be_whatever_the_platform_uses() {
    let world = HttpWorld::new().await;
    for path in [
        "/api/v1/items/session/a%2Fb%20c",
        "/api/v1/items/session/%E4%BA%88%E7%B4%84",
        "/api/v1/items/session/batch",
    ] {
        assert_eq!(world.put(path, session()).await.status, 201, "{path}");
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    assert_eq!(world.get("/api/v1/items/session/a%2Fb%20c").await.json()["item_id"], "a/b c");
}
