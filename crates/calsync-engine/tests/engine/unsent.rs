//! What was announced and surely not sent is no doubt: only a crash leaves one.

use calsync_core::integration::CalendarChoice;
use calsync_engine::reconcile;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};

const ITEMS: usize = 300;
/// More passes than any of these stories needs.
const PASSES_MAX: usize = 400;

/// Google refuses inserts at random, for `reason`.
fn refused(reason: &str, probability: f64) -> Vec<FaultRule> {
    let matches = FaultMatch { method: Some("events.insert".into()), ..FaultMatch::default() };
    let effect = FaultEffect { reason: Some(reason.into()), ..FaultEffect::default() };
    vec![FaultRule { matches, effect, probability: Some(probability), ..FaultRule::default() }]
}

/// Passes, `seconds` apart, until all `ITEMS` are there; how many it took.
async fn fill(world: &World, seconds: i64) -> usize {
    for passes in 1..PASSES_MAX {
        world.pass().await;
        if world.events("ana", true).len() == ITEMS {
            return passes;
        }
        world.advance(seconds);
    }
    panic!("{} of {ITEMS} arrived", world.events("ana", true).len());
}

async fn assert_each_was_sent_once(world: &World) {
    world.google.set_faults(Vec::new());
    world.advance(4_000);
    world.sync().await;
    assert_eq!(world.requests("events.get"), 0, "nothing was looked for");
    assert_eq!(
        world.count("sync_mappings", "event_state = 'present' AND generation = created_at + 1").await,
        300
    );
}

on_both_databases! {
    async fn a_backfill_that_google_slows_down_looks_for_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        world.put_tasks("ana", ITEMS, "").await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.google.set_faults(refused("userRateLimitExceeded", 0.05));
        let passes = fill(&world, 90).await;
        assert!(passes > 5, "{passes}: it was slowed down");
        assert_each_was_sent_once(&world).await;
    }

    async fn a_backfill_whose_leases_run_out_looks_for_nothing(db: TestDatabase) {
        let world = World::with(db, |settings| settings.calls_in_flight = 3).await;
        world.account("ana");
        world.put_tasks("ana", ITEMS, "").await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        // A pass sends for 13 seconds.
        world.each_call_takes(300);
        let passes = fill(&world, 90).await;
        assert!(passes > 5, "{passes}: leases ran out");
        assert_each_was_sent_once(&world).await;
    }

    async fn a_backfill_over_the_limits_of_an_account_looks_for_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        world.put_tasks("ana", ITEMS, "").await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.google.set_faults(refused("quotaExceeded", 0.02));
        let passes = fill(&world, 6 * 3_600).await;
        assert!(passes > 3, "{passes}: it was refused");
        assert_each_was_sent_once(&world).await;
    }

    async fn a_move_that_is_put_off_looks_for_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 40).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        world.sync().await;
        let (looked, id) = (world.requests("events.get"), world.integration("ana").await.id);
        world.choose_calendar(&id, "team-ana").await;
        world.google.set_faults(refused("userRateLimitExceeded", 1.0));
        world.pass().await;
        world.google.set_faults(Vec::new());
        world.advance(90);
        world.sync().await;
        assert_eq!(world.requests("events.get"), looked, "nothing was looked for");
        assert_eq!(world.events("ana", true).len(), 40);
        assert_eq!(world.google.events("team-ana").len(), 40);
    }

    async fn only_a_crash_leaves_doubt(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.put_tasks("ana", 2, "").await;
        world.transport.break_at("/events");
        let lease = reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
        let engine = world.engine.clone();
        tokio::spawn(async move { reconcile::pass(&engine, &lease).await }).await.unwrap_err();
        world.sql("UPDATE user_integrations SET lease_until = 1").await;
        world.sync().await;
        assert_eq!((world.requests("events.get"), world.events("ana", true).len()), (1, 2));
    }
}
