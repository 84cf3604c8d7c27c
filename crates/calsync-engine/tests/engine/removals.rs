//! Who removed an event: what a user removed stays away.

use calsync_simulator::{FaultEffect, FaultRule};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};

use crate::disconnect::fault;

/// Once, a delete is done and its answer is lost.
fn lose_the_answer() -> FaultRule {
    let effect = FaultEffect { lose_response: true, ..FaultEffect::default() };
    FaultRule { effect, ..fault("events.delete", 0, Some(1)) }
}

/// The user removes the one event of theirs.
async fn user_removes(world: &World) {
    let event = world.events("ana", true).remove(0);
    let calendar = world.integration("ana").await.target_calendar_id.unwrap();
    world.google.user_deletes_event(&email("ana"), &calendar, event["id"].as_str().unwrap()).unwrap();
    world.advance(10);
}

/// The platform calls the item off and on again; meanwhile the first delete meets `trouble`.
async fn called_off_and_on(world: &World, trouble: FaultRule) {
    world.google.set_faults(vec![trouble]);
    world.put_task("ana", 0, "later", "cancelled").await;
    world.sync().await;
    assert_eq!(world.count("calendar_sync_logs", "operation = 'delete'").await, 1);
    assert_eq!(world.count("calendar_sync_logs", "operation = 'delete' AND outcome = 'done'").await, 0);
    world.advance(4_000);
    world.sync().await;
    world.put_task("ana", 0, "later", "active").await;
    world.sync().await;
}

on_both_databases! {
    async fn a_delete_that_google_refuses_makes_no_removal_ours(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        user_removes(&world).await;
        called_off_and_on(&world, fault("events.delete", 429, Some(1))).await;
        assert_eq!(world.events("ana", true).len(), 0, "it came back");
        assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 1);
    }

    async fn a_removal_of_before_our_lost_delete_is_the_users(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        user_removes(&world).await;
        called_off_and_on(&world, lose_the_answer()).await;
        assert_eq!(world.events("ana", true).len(), 0, "it came back");
        assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 1);
    }

    async fn a_removal_by_our_lost_delete_is_ours(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.advance(10);
        called_off_and_on(&world, lose_the_answer()).await;
        assert_eq!(world.events("ana", true).len(), 1);
    }
}
