//! What a pass does can be followed: its trace id stands in its log lines, with its calls and transactions, and in
//! the attempts that it stores.

use calsync_engine::worker;
use calsync_simulator::FaultRule;
use calsync_testing::world::World;
use calsync_testing::{DatabaseKind, Log, TestDatabase, eventually};
use serde_json::{from_value, json};
use tokio_util::sync::CancellationToken;

async fn synced(database: DatabaseKind) -> World {
    let world = World::new(TestDatabase::new(database)).await;
    world.synced("ana", 1).await;
    world
}

fn next_update_fails(world: &World) {
    let rule = json!({"match": {"method": "events.update"}, "effect": {"status": 503}, "times": 1});
    world.google.set_faults(vec![from_value::<FaultRule>(rule).unwrap()]);
}

/// The value of `field` in a line of the log.
fn field<'a>(line: &'a str, field: &str) -> &'a str {
    let rest = line.split(&format!("{field}=")).nth(1).unwrap_or_else(|| panic!("no {field}: {line}"));
    rest.split([' ', '}', ':']).next().unwrap().trim_matches('"')
}

/// The only line that contains `words`.
fn line<'a>(log: &'a str, words: &str) -> &'a str {
    let found: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
    assert_eq!(found.len(), 1, "{words}: {log}");
    found[0]
}

async fn attempts(world: &World, trace_id: &str) -> i64 {
    world.count("calendar_sync_logs", &format!("trace_id = '{trace_id}'")).await
}

#[tokio::test]
async fn an_attempts_trace_id_is_in_the_lines_of_its_pass() {
    // Its statements run in the test's own thread, so that they are in the log, too.
    let world = synced(DatabaseKind::Postgres).await;
    let log = Log::begin();
    next_update_fails(&world);
    world.put_task("ana", 0, "changed", "active").await;
    world.pass().await;
    let log = log.text();
    let failed = line(&log, "an attempt at Google did not succeed");
    for (name, value) in [("operation", "update"), ("outcome", "unknown"), ("reason", "google_unavailable")] {
        assert_eq!(field(failed, name), value, "{failed}");
    }
    assert_eq!(field(failed, "integration_id"), world.integration("ana").await.id);
    let trace_id = field(failed, "trace_id");
    assert_eq!(attempts(&world, trace_id).await, 1);
    let called = line(&log, "call ended");
    assert_eq!((field(called, "trace_id"), field(called, "method")), (trace_id, "events.update"), "{called}");
    let stored: Vec<&str> =
        log.lines().filter(|line| line.contains("INSERT INTO calendar_sync_logs")).collect();
    assert!(!stored.is_empty(), "{log}");
    for line in stored {
        assert_eq!(field(line, "trace_id"), trace_id);
        assert_eq!(field(line, "transaction{module"), "calsync_engine", "{line}");
    }
}

#[tokio::test]
async fn each_job_has_a_trace_id_of_its_own() {
    let world = synced(DatabaseKind::Sqlite).await;
    let log = Log::begin();
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
    for title in ["once", "twice"] {
        let before = world.requests("events.update");
        world.put_task("ana", 0, title, "active").await;
        eventually("the update", async || (world.requests("events.update") > before).then_some(())).await;
    }
    stop.cancel();
    working.await.unwrap().unwrap();
    let log = log.text();
    let updates = log.lines().filter(|line| line.contains("call ended") && line.contains("events.update"));
    let updates: Vec<&str> = updates.collect();
    assert_eq!(updates.len(), 2, "{log}");
    let [once, twice] = [0, 1].map(|at| field(updates[at], "trace_id"));
    assert_ne!(once, twice);
    for (update, trace_id) in updates.iter().zip([once, twice]) {
        assert!(update.contains("job{job=\"pass\""), "{update}");
        assert_eq!(update.matches(trace_id).count(), 1, "said once: {update}");
        assert_eq!(attempts(&world, trace_id).await, 1);
    }
}
