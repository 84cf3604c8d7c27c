//! Short stories about one user and one item.

use calsync_testing::{TestDatabase, eventually, on_both_databases};
use http::Method;
use serde_json::{Value, json};

use crate::browser_client::Platform;
use crate::world::{World, transport};

const TASK: &str = "/items/task/t1";
const EMAIL: &str = "ana@example.org";

fn task(title: &str) -> Value {
    json!({"user_ids": ["ana"], "title": title, "due_at": "2031-03-09T10:00:00Z", "status": "active"})
}

async fn ana(database: TestDatabase) -> World {
    let world = World::start(database).await;
    world.connect("ana", &json!({"email": EMAIL, "time_zone": "Asia/Seoul"})).await;
    world
}

/// Waits until ana's calendar holds one event of ours, titled `title`.
async fn titled(world: &World, title: &str) -> Value {
    eventually(format!("{title:?} in Google"), async || {
        let events = world.google.our_events().await;
        assert!(events.len() <= 1, "{events:?}");
        events.iter().find(|event| event["summary"] == title).cloned().ok_or(events)
    })
    .await
}

async fn state_of(world: &World, path: &str) -> Value {
    world.service.get(path).await["sync"][0]["state"].clone()
}

on_both_databases! {
    async fn ten_edits_within_a_moment_are_at_most_two_writes(database: TestDatabase) {
        let world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        titled(&world, "Draft").await;
        world.wait_until_synced("ana").await;
        let before = world.google.writes().await;
        let edits: Vec<String> = (1..=10).map(|edit| {
            let mut line = task(&format!("Edit {edit}"));
            line["op"] = "put".into();
            line["kind"] = "task".into();
            line["item_id"] = "t1".into();
            line.to_string()
        }).collect();
        world.service.batch(&edits).await.unwrap();
        titled(&world, "Edit 10").await;
        world.wait_until_synced("ana").await;
        let writes = world.google.writes().await - before;
        assert!(writes <= 2, "{writes} writes");
    }

    async fn an_update_whose_answer_is_lost_gives_way_to_the_next_edit(database: TestDatabase) {
        let world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        titled(&world, "Draft").await;
        world.google.set_faults(&json!([
            {"match": {"method": "events.update"}, "effect": {"lose_response": true}, "times": 1},
        ])).await;
        world.service.put(TASK, &task("Second")).await;
        titled(&world, "Second").await;
        world.service.put(TASK, &task("Draft")).await;
        titled(&world, "Draft").await;
        world.wait_until_synced("ana").await;
        assert_eq!(state_of(&world, TASK).await, "synced");
        titled(&world, "Draft").await;
    }

    async fn what_the_user_removed_before_a_restart_stays_away(database: TestDatabase) {
        let mut world = ana(database).await;
        world.google.set_faults(&json!([
            {"match": {"method": "events.insert"}, "effect": {"delay_ms": 8_000}, "times": 1},
        ])).await;
        world.service.put(TASK, &task("Draft")).await;
        let event = titled(&world, "Draft").await;
        world.service.kill().await;
        world.google.as_user(EMAIL, Method::DELETE, &event, &Value::Null).await;
        world.service.run().await;
        eventually("the removal to be seen", async || {
            let state = state_of(&world, TASK).await;
            (state == "removed_by_user").then_some(()).ok_or(state)
        }).await;
        world.service.put(TASK, &task("Again")).await;
        world.wait_until_nothing_waits("ana").await;
        assert_eq!(state_of(&world, TASK).await, "removed_by_user");
        assert!(world.google.our_events().await.is_empty());
    }

    async fn a_disconnect_that_is_killed_goes_on_after_the_next_start(database: TestDatabase) {
        let mut world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        world.wait_until_synced("ana").await;
        let key = world.service.secret_of(&["api-key", "create", "--scope", "admin"]).into();
        let transport = transport();
        let url = world.service.url.clone();
        let admin = Platform { transport: &transport, url: &url, key: &key };
        world.google.set_faults(&json!([
            {"match": {"method": "revoke"}, "effect": {"delay_ms": 8_000}, "times": 1},
        ])).await;
        let path = "/admin/users/ana/integrations/google/disconnect";
        let saga = admin.call(Method::POST, path, &json!({"note": "they asked for it"})).await.unwrap();
        eventually("the end of the grant", async || (world.google.state().await["grants"] == json!([])).then_some(())).await;
        world.service.kill().await;
        world.service.run().await;
        let path = format!("/admin/disconnects/{}", saga["id"].as_str().unwrap());
        let ended = eventually("the end of the disconnect", async || {
            let saga = admin.call(Method::GET, &path, &Value::Null).await.unwrap();
            if saga["state"] == "running" { Err(saga) } else { Ok(saga) }
        }).await;
        assert_eq!(ended["state"], "done", "{ended}");
        let outcomes: Vec<_> = ended["steps"].as_array().unwrap().iter().map(|step| step["outcome"].clone()).collect();
        assert_eq!(outcomes, ["done", "skipped", "done", "already_so", "done", "done"], "{ended}");
        assert_eq!(world.google.our_events().await, Vec::<Value>::new());
    }

    async fn what_is_paused_on_the_command_line_waits_until_it_is_resumed(database: TestDatabase) {
        let world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        titled(&world, "Draft").await;
        let run = |words: &[&str]| {
            let output = world.service.command().args(words).args(["--note", "They restore it."]).output().unwrap();
            let told = if output.status.success() { output.stdout } else { output.stderr };
            (output.status.code(), String::from_utf8(told).unwrap().trim_end().to_owned())
        };
        let state = async || world.service.get("/users/ana/integrations").await["items"][0]["state"].clone();
        let paused = run(&["pause", "--user", "ana"]);
        assert_eq!(paused, (Some(0), "user ana is paused; what is under way ends within 25 s.".into()));
        assert_eq!(state().await, "paused");
        let before = world.google.writes().await;
        world.service.put(TASK, &task("Second")).await;
        assert!(run(&["pause", "--user", "ana"]).1.starts_with("user ana is paused since "));
        assert_eq!(run(&["pause", "--user", "nobody"]), (Some(1), "calsync: there is no user nobody".into()));
        assert_eq!(run(&["pause", "--user", "ana", "--operation", "delete"]).0, Some(2));
        assert_eq!((state_of(&world, TASK).await, world.google.writes().await), ("waiting".into(), before));
        assert_eq!(run(&["resume", "--user", "ana"]), (Some(0), "user ana goes on.".into()));
        titled(&world, "Second").await;
        assert_eq!(run(&["resume", "--user", "ana"]), (Some(1), "calsync: user ana is not paused".into()));
    }

    async fn a_removed_item_that_is_put_anew_comes_back(database: TestDatabase) {
        let world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        let first = titled(&world, "Draft").await;
        world.service.delete(TASK).await;
        eventually("an empty calendar", async || world.google.our_events().await.is_empty().then_some(())).await;
        world.service.put(TASK, &task("Draft")).await;
        let second = titled(&world, "Draft").await;
        assert_ne!(first["id"], second["id"]);
    }

    async fn items_without_a_zone_follow_their_user(database: TestDatabase) {
        let world = ana(database).await;
        world.service.put(TASK, &task("Draft")).await;
        assert_eq!(titled(&world, "Draft").await["start"]["timeZone"], "Asia/Seoul");
        world.service.put("/users/ana", &json!({"email": EMAIL, "time_zone": "Europe/Lisbon"})).await;
        eventually("the new zone", async || {
            (titled(&world, "Draft").await["start"]["timeZone"] == "Europe/Lisbon").then_some(())
        }).await;
    }

    async fn what_the_user_adds_survives_our_writes(database: TestDatabase) {
        let world = ana(database).await;
        let mut item = task("Draft");
        item["description"] = "Two pages.".into();
        world.service.put(TASK, &item).await;
        let event = titled(&world, "Draft").await;
        let edit = json!({"colorId": "5", "description": "Two pages.\n\nMine: ask Ben.",
            "reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 7}]}});
        world.google.as_user(EMAIL, Method::PATCH, &event, &edit).await;
        item["description"] = "Three pages.".into();
        item["title"] = "Draft two".into();
        world.service.put(TASK, &item).await;
        let after = titled(&world, "Draft two").await;
        assert_eq!(after["colorId"], "5");
        assert_eq!(after["description"], "Three pages.\n\nMine: ask Ben.");
        assert_eq!(after["reminders"], edit["reminders"]);
    }
}
