//! `kill -TERM`: the process ends in time, whatever hangs, and nothing is lost or doubled.

use std::collections::BTreeSet;
use std::time::Duration;

use calsync_testing::{TestDatabase, eventually, on_both_databases};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::World;

/// It ends after 14 s at most, so that supervisors that wait for 15 s don't kill it. The rest is for a
/// machine that is busy with other tests.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// Together more than the calls that may be under way at once.
const USERS: usize = 13;
const TASKS_EACH: usize = 9;

/// Users who are connected, and then as many tasks, whose inserts are answered after `delay_ms`.
async fn hanging(database: TestDatabase, delay_ms: u64) -> World {
    let world = World::start(database).await;
    for user in 0..USERS {
        world.connect(&format!("u{user}"), &json!({"email": format!("u{user}@example.org")})).await;
    }
    world
        .google
        .set_faults(&json!([
            {"match": {"method": "events.insert"}, "effect": {"delay_ms": delay_ms}},
        ]))
        .await;
    let line = |user: usize, task: usize| {
        json!({"op": "put", "kind": "task", "item_id": format!("u{user}-{task}"), "user_ids": [format!("u{user}")],
            "title": format!("Task {task} of {user}"), "due_on": "2031-03-09", "status": "active"}).to_string()
    };
    let lines: Vec<String> =
        (0..USERS).flat_map(|user| (0..TASKS_EACH).map(move |task| line(user, task))).collect();
    world.service.batch(&lines).await.unwrap();
    world
}

/// After the next start everything is in Google, once.
async fn all_is_there_once(world: &mut World) {
    world.google.set_faults(&json!([])).await;
    world.service.run().await;
    for user in 0..USERS {
        world.wait_until_synced(&format!("u{user}")).await;
    }
    let events = world.google.our_events().await;
    let titles: BTreeSet<&str> = events.iter().filter_map(|event| event["summary"].as_str()).collect();
    assert_eq!((events.len(), titles.len()), (USERS * TASKS_EACH, USERS * TASKS_EACH));
}

on_both_databases! {
    async fn a_shutdown_ends_in_time_while_100_calls_hang(database: TestDatabase) {
        let mut world = hanging(database, 120_000).await;
        eventually("100 calls to hang", async || {
            let calls = world.google.calls(&["events.insert"]).await;
            (calls >= 100).then_some(()).ok_or(calls)
        }).await;
        let began = Instant::now();
        world.service.terminate().await;
        assert!(began.elapsed() < ENDS_WITHIN, "{:?}", began.elapsed());
        all_is_there_once(&mut world).await;
    }

    async fn what_google_answers_at_a_shutdown_is_stored_and_nothing_more_is_asked(database: TestDatabase) {
        let mut world = hanging(database, 3_000).await;
        eventually("calls to be under way", async || {
            let calls = world.google.calls(&["events.insert"]).await;
            (calls >= 50).then_some(()).ok_or(calls)
        }).await;
        let began = Instant::now();
        world.service.terminate().await;
        assert!(began.elapsed() < ENDS_WITHIN, "{:?}", began.elapsed());
        let [inserted, looked] = [world.google.writes().await, world.google.calls(&["events.get"]).await];
        assert!(inserted < (USERS * TASKS_EACH) as u64, "those that were not sent wait: {inserted}");
        all_is_there_once(&mut world).await;
        let found: Value = world.google.calls(&["events.get"]).await.into();
        assert_eq!(found, looked, "what was answered need not be looked for");
    }
}
