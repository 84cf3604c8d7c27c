//! An admin pauses a user, a domain, an operation or everything, and ends that again.

use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use calsync_store::pauses::{self, NewPause};
use calsync_testing::on_both_databases;
use calsync_testing::world::http::{Answer, HttpWorld};
use calsync_testing::world::stories::connect;
use http::Method;
use serde_json::{Value, json};

use crate::description::Checker;

const PAUSES: &str = "/api/v1/admin/pauses";
const END: &str = "/api/v1/admin/pauses/{id}/end";
const NOTE: &str = "They are on leave.";

async fn pause(world: &HttpWorld, body: Value) -> Answer {
    world.admin_call(Method::POST, PAUSES, body).await
}

async fn end(world: &HttpWorld, id: &Value) -> Answer {
    let path = END.replace("{id}", id.as_str().unwrap());
    world.admin_call(Method::POST, &path, json!({"note": "They are back."})).await
}

async fn list(world: &HttpWorld) -> Vec<Value> {
    world.admin_get(PAUSES).await.json()["items"].as_array().unwrap().clone()
}

/// Ana's connection, as the platform and an admin see it.
async fn seen(world: &HttpWorld) -> [Value; 2] {
    let user = world.get("/api/v1/users/ana/integrations").await.json();
    let admin = world.admin_get("/api/v1/admin/users/ana/integrations").await.json();
    [user, admin].map(|list| list["items"][0].clone())
}

on_both_databases! {
    async fn a_paused_user_is_shown_so_until_the_pause_is_ended(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let checker = Checker(world.get("/openapi.json").await.json());
        connect(&world, "new").await;
        world.sync().await;
        let answer = pause(&world, json!({"note": NOTE, "user_id": "ana"})).await;
        checker.answer("post", PAUSES, &answer);
        let begun = answer.json();
        assert_eq!((answer.status.as_u16(), &begun["scope"], &begun["key"]), (201, &json!("user"), &json!("ana")));
        assert_eq!((&begun["note"], &begun["admin_id"], &begun["reason"]), (&json!(NOTE), &json!("noor"), &json!("paused")));
        let again = pause(&world, json!({"note": "Once more.", "user_id": "ana"})).await;
        assert_eq!((again.status.as_u16(), again.json()), (200, begun.clone()), "the one that stands");
        checker.answer("get", PAUSES, &world.admin_get(PAUSES).await);
        assert_eq!(list(&world).await, std::slice::from_ref(&begun));

        let [user, admin] = seen(&world).await;
        assert_eq!((&user["state"], &user["reason"]), (&json!("paused"), &json!("paused")));
        assert_eq!(user["sentence"], "Sync is paused; nothing is lost.");
        assert_eq!((&admin["sentence"], &admin["paused_since"]), (&json!("An admin paused writes to Google."), &begun["since"]));
        let found = async |state: &str| {
            let users = world.admin_get(&format!("/api/v1/admin/users?state={state}")).await.json();
            users["items"].as_array().unwrap().iter().map(|user| user["state"].clone()).collect::<Vec<_>>()
        };
        assert_eq!((found("paused").await, found("active").await), (vec![json!("paused")], vec![]));

        world.advance(60);
        let ended = end(&world, &begun["id"]).await;
        checker.answer("post", END, &ended);
        assert_eq!((ended.status.as_u16(), list(&world).await), (200, vec![]));
        end(&world, &begun["id"]).await.problem(404, "not-found");
        let [user, _] = seen(&world).await;
        assert_eq!((&user["state"], &user["reason"], &user["paused_since"]), (&json!("active"), &Value::Null, &Value::Null));
        let audit = world.admin_get("/api/v1/admin/audit-log?target_id=ana").await.json();
        let told: Vec<_> =
            audit["items"].as_array().unwrap().iter().map(|row| (row["action"].clone(), row["note"].clone())).collect();
        assert_eq!(told, [(json!("pause.end"), json!("They are back.")), (json!("pause.start"), json!(NOTE))]);
    }

    async fn everything_is_meant_where_nothing_is_named(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        connect(&world, "new").await;
        let begun = pause(&world, json!({"note": NOTE})).await.json();
        assert_eq!((&begun["scope"], &begun["key"]), (&json!("everything"), &Value::Null));
        world.sync().await;
        let [user, _] = seen(&world).await;
        assert_eq!((&user["state"], &user["target_calendar"]), (&json!("paused"), &Value::Null), "no calendar was made");
        let users = world.admin_get("/api/v1/admin/users?state=paused").await.json();
        assert_eq!(users["items"][0]["user_id"], "ana");
        let wish = json!({"note": NOTE, "remote_items": "keep"});
        let path = "/api/v1/admin/users/ana/integrations/google/disconnect";
        assert_eq!(world.admin_call(Method::POST, path, wish).await.status, 202);
        let [user, admin] = seen(&world).await;
        assert_eq!((&user["state"], &user["reason"]), (&json!("disconnecting"), &json!("paused")), "it says why it waits");
        assert_eq!(admin["paused_since"], begun["since"]);
    }

    async fn an_operation_is_paused_for_all_connections_which_stay_active(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        connect(&world, "new").await;
        world.sync().await;
        let begun = pause(&world, json!({"note": NOTE, "operation": "insert"})).await;
        assert_eq!((begun.status.as_u16(), &begun.json()["key"]), (201, &json!("insert")));
        let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        world.put("/api/v1/items/task/t1", task).await;
        world.sync().await;
        let [user, _] = seen(&world).await;
        assert_eq!(user["state"], "active");
        let sync = world.get("/api/v1/items/task/t1").await.json()["sync"][0].clone();
        assert_eq!((&sync["state"], &sync["reason"]), (&json!("waiting"), &json!("paused")));
    }

    async fn what_google_paused_is_listed_and_ended_as_well(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let (store, now) = (world.engine.store(), world.engine.now());
        let mut tx = store.begin().await.unwrap();
        let new = NewPause { scope: PauseScope::Api, key: "", reason: Reason::GoogleSlow, probe_at: now, until: None };
        pauses::begin(&mut tx, "outage", new, now).await.unwrap();
        tx.commit().await.unwrap();
        let listed = list(&world).await;
        let expected = json!({"id": "outage", "scope": "api", "key": null, "reason": "google_slow",
            "sentence": Reason::GoogleSlow.info().admin_sentence, "since": now.to_string(), "until": null,
            "next_probe_at": now.to_string(), "note": null, "admin_id": null});
        assert_eq!(listed, [expected]);
        assert_eq!(end(&world, &listed[0]["id"]).await.status, 200);
        assert_eq!(list(&world).await, [Value::Null; 0]);
    }

    async fn what_cant_be_paused_is_refused(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        pause(&world, json!({"note": NOTE, "user_id": "nobody"})).await.problem(404, "not-found");
        for (body, fields) in [
            (json!({}), vec!["note"]),
            (json!({"note": "x", "domain": "school", "operation": "get", "who": 1}), vec!["who", "note", "domain", "operation"]),
            (json!({"note": NOTE, "user_id": 7}), vec!["user_id"]),
            (json!({"note": NOTE, "user_id": "ana", "domain": "school.example"}), vec!["operation"]),
        ] {
            let problem = pause(&world, body).await.problem(422, "bad-fields");
            let told: Vec<_> =
                problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
            assert_eq!(told, fields);
        }
        assert_eq!(list(&world).await, [Value::Null; 0]);
    }
}
