//! The month arrives exactly: in quiet, under kills, under faults.

use std::collections::BTreeMap;

use calsync_testing::{TestDatabase, eventually, on_both_databases};
use serde_json::{Value, json};

use crate::month::{LINES_A_BATCH, Month};
use crate::rng::Rng;
use crate::world::World;

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
    eventually("no differences between the month and Google", async || {
        let differences = month.differences(world).await;
        differences.is_empty().then_some(()).ok_or(differences)
    })
    .await;
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
        // In the quiet case each create, update and delete is one call. What is taken back before it was
        // written takes a look, since a user may have edited the event meanwhile.
        assert_eq!(world.google.calls(&["events.list", "events.patch"]).await, 0);
        let (looks, taken_back) = (world.google.calls(&["events.get"]).await, month.taken_back() as u64);
        assert!(looks <= taken_back, "{looks} looks at {taken_back} items that were taken back");
        let writes = world.google.writes().await;
        send_again(&world, &month).await;
        arrives(&world, &month).await;
        assert_eq!(world.google.writes().await, writes);
    }

    async fn although_the_service_is_killed_again_and_again(database: TestDatabase) {
        let month = Month::read();
        let mut world = connected(database, &month).await;
        let mut rng = Rng::printed(SEED);
        let batches: Vec<&[String]> = month.batches().collect();
        let every = batches.len().div_ceil(kills());
        for (index, lines) in batches.iter().enumerate() {
            if index % every == 0 {
                kill_meanwhile(&mut world, lines, &mut rng).await;
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
async fn kill_meanwhile(world: &mut World, lines: &[String], rng: &mut Rng) {
    let more = rng.below(lines.len() as u64);
    let at = world.google.writes().await + more;
    {
        let batch = world.service.batch(lines);
        let reached = eventually(format!("the write {at}"), async || {
            let writes = world.google.writes().await;
            (writes >= at).then_some(()).ok_or(writes)
        });
        tokio::pin!(batch, reached);
        tokio::select! {
            () = &mut reached => {}
            _ = &mut batch => {}
        }
    }
    world.service.kill().await;
    world.service.run().await;
}

/// The whole month again, and of the users what is known of them by now: their lines have no versions.
async fn send_again(world: &World, month: &Month) {
    let mut users = BTreeMap::new();
    let mut lines = Vec::new();
    for line in &month.lines {
        let value: Value = serde_json::from_str(line).unwrap();
        match value["user_id"].as_str() {
            Some(user_id) => drop(users.insert(user_id.to_owned(), line.clone())),
            None => lines.push(line.clone()),
        }
    }
    lines.splice(0..0, users.into_values());
    for lines in lines.chunks(LINES_A_BATCH) {
        for answer in world.service.batch(lines).await.unwrap() {
            let is_known_or_old = |status| status < 300 || status == 409;
            assert!(answer["status"].as_u64().is_some_and(is_known_or_old), "{answer}");
        }
    }
}
