//! The month arrives exactly: in quiet, under kills, under faults.

use calsync_testing::{TestDatabase, eventually, on_both_databases};
use serde_json::json;

use crate::chance::Chance;
use crate::month::Month;
use crate::world::{PATIENCE, World};

/// Kills in every run of the tests; `KILLS=20` for more.
const KILLS_IN_CI: usize = 5;
/// The seed of the moments at which the service is killed.
const SEED: u64 = 20_310_309;

async fn connected(database: TestDatabase, month: &Month) -> World {
    let world = World::start(database).await;
    for (id, user) in &month.users {
        world.connect(id, user).await;
    }
    world
}

async fn send(world: &World, month: &Month) {
    for lines in month.batches() {
        for answer in world.service.batch(lines).await.unwrap() {
            assert!(answer["status"].as_u64().is_some_and(|status| status < 300), "{answer}");
        }
    }
}

async fn arrives(world: &World, month: &Month) {
    let mut last = Vec::new();
    let arrived = async || {
        last = month.differences(world).await;
        last.is_empty().then_some(())
    };
    if tokio::time::timeout(PATIENCE, eventually(PATIENCE * 2, arrived)).await.is_err() {
        panic!("{} differences:\n{}", last.len(), last.join("\n"));
    }
}

on_both_databases! {
    async fn exactly_and_a_second_time_writes_nothing(database: TestDatabase) {
        let month = Month::read();
        let world = connected(database, &month).await;
        send(&world, &month).await;
        arrives(&world, &month).await;
        for (id, _) in &month.users {
            world.wait_until_nothing_waits(id).await;
        }
        // In the quiet case each create, update and delete is one call.
        assert_eq!(world.google.calls(&["events.get", "events.list", "events.patch"]).await, 0);
        let writes = world.google.writes().await;
        resend_the_last_words(&world, &month).await;
        arrives(&world, &month).await;
        assert_eq!(world.google.writes().await, writes);
    }

    async fn although_the_service_is_killed_again_and_again(database: TestDatabase) {
        let month = Month::read();
        let mut world = connected(database, &month).await;
        let mut chance = Chance::printed(SEED);
        let batches: Vec<&[String]> = month.batches().collect();
        let every = batches.len().div_ceil(kills());
        for (index, lines) in batches.iter().enumerate() {
            if index % every == 0 {
                kill_meanwhile(&mut world, lines, &mut chance).await;
            }
            world.service.batch(lines).await.unwrap();
        }
        arrives(&world, &month).await;
    }

    async fn although_google_fails_one_call_in_eight(database: TestDatabase) {
        let month = Month::read();
        let world = connected(database, &month).await;
        world.google.set_faults(&json!([
            {"match": {"api": "calendar"}, "effect": {"status": 503}, "probability": 0.05},
            {"match": {"api": "calendar"}, "effect": {"lose_response": true}, "probability": 0.05},
            {"match": {"api": "calendar"}, "effect": {"status": 429, "retry_after": 1}, "probability": 0.02},
        ])).await;
        send(&world, &month).await;
        arrives(&world, &month).await;
    }
}

fn kills() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how often it is killed is the caller's choice")]
    let wanted = std::env::var("KILLS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(KILLS_IN_CI)
}

/// Sends `lines`, and kills the service at a random moment of it; then starts it again.
async fn kill_meanwhile(world: &mut World, lines: &[String], chance: &mut Chance) {
    let more = chance.below(lines.len() as u64);
    let at = world.google.writes().await + more;
    {
        let batch = world.service.batch(lines);
        let reached = eventually(PATIENCE, async || (world.google.writes().await >= at).then_some(()));
        tokio::pin!(batch, reached);
        tokio::select! {
            () = &mut reached => {}
            _ = &mut batch => {}
        }
    }
    world.service.kill().await;
    world.service.run().await;
}

/// The last line about each item, again: the same body twice changes nothing.
async fn resend_the_last_words(world: &World, month: &Month) {
    let mut last = std::collections::BTreeMap::new();
    for line in &month.lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        last.insert(
            (value["kind"].to_string(), value["item_id"].to_string(), value["user_id"].to_string()),
            line,
        );
    }
    let lines: Vec<String> = last.into_values().cloned().collect();
    for lines in lines.chunks(120) {
        for answer in world.service.batch(lines).await.unwrap() {
            assert!(answer["status"].as_u64().is_some_and(|status| status < 300), "{answer}");
        }
    }
}
