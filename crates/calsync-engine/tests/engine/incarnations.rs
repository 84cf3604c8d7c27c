//! What the platform deletes and puts again starts anew in every calendar, whatever its user did before
//! and wherever their connection was meanwhile.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::disconnect::{RemoteItems, Started};
use calsync_simulator::RevokeCause;
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};
use serde_json::json;

/// `ana` with two tasks in her calendar.
async fn world(db: TestDatabase) -> World {
    let world = World::new(db).await;
    world.synced("ana", 2).await;
    world
}

/// Titles of what stands in her calendar.
fn titles(world: &World) -> Vec<String> {
    let events = world.events("ana", true);
    let mut titles: Vec<_> =
        events.iter().map(|event| event["summary"].as_str().unwrap().trim().to_owned()).collect();
    titles.sort();
    titles
}

/// She removes her first task's event.
async fn removes(world: &World) {
    let event = world.events("ana", true).into_iter().find(|event| event["summary"] == "Task 0").unwrap();
    let (calendar_id, id) = (event["calendar_id"].as_str().unwrap(), event["id"].as_str().unwrap());
    world.google.user_deletes_event(&email("ana"), calendar_id, id).unwrap();
    world.advance(60);
}

/// The platform takes that task away and puts it again.
async fn starts_anew(world: &World) {
    world.delete_task("ana", 0).await;
    world.put_task("ana", 0, "", "active").await;
}

/// A change makes the pass see that the event is gone.
async fn is_seen(world: &World) {
    world.put_task("ana", 0, "changed", "active").await;
    world.sync().await;
    assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 1);
    world.put_task("ana", 0, "", "active").await;
    world.sync().await;
    assert_eq!(titles(world), ["Task 1"], "a change brings nothing back");
}

async fn connects_again(world: &World) {
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
    world.sync().await;
}

on_both_databases! {
    async fn a_removal_that_was_seen_is_over_after_a_disconnect(db: TestDatabase) {
        let world = world(db).await;
        removes(&world).await;
        is_seen(&world).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        starts_anew(&world).await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 0", "Task 1"]);
    }

    async fn a_removal_while_nobody_is_connected_is_over_too(db: TestDatabase) {
        let world = world(db).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        removes(&world).await;
        starts_anew(&world).await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 0", "Task 1"]);
    }

    async fn so_it_is_while_a_disconnect_is_under_way(db: TestDatabase) {
        let world = world(db).await;
        removes(&world).await;
        is_seen(&world).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Keep).await else { panic!("connected") };
        starts_anew(&world).await;
        world.finish(&saga.id).await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 0", "Task 1"]);
    }

    async fn so_it_is_while_the_connection_waits_for_its_user(db: TestDatabase) {
        let world = world(db).await;
        removes(&world).await;
        is_seen(&world).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        world.put_task("ana", 1, "", "completed").await;
        world.advance(4_000);
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::NeedsAction);
        starts_anew(&world).await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 0", "✓ Task 1"]);
    }

    async fn without_a_deletion_a_removal_outlives_a_disconnect(db: TestDatabase) {
        let world = world(db).await;
        removes(&world).await;
        is_seen(&world).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        world.put_task("ana", 0, "changed", "active").await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 1"]);
    }

    async fn what_was_deleted_while_nobody_was_connected_goes(db: TestDatabase) {
        let world = world(db).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        world.delete_task("ana", 0).await;
        connects_again(&world).await;
        assert_eq!(titles(&world), ["Task 1"]);
    }

    async fn a_removal_that_nobody_has_seen_yet_is_over_between_two_passes(db: TestDatabase) {
        let world = world(db).await;
        removes(&world).await;
        starts_anew(&world).await;
        starts_anew(&world).await;
        world.sync().await;
        assert_eq!(titles(&world), ["Task 0", "Task 1"]);
    }

    async fn what_is_parked_starts_anew(db: TestDatabase) {
        let world = world(db).await;
        let refused = json!([{"match": {"method": "events.update"}, "effect": {"status": 400, "reason": "invalid"}}]);
        world.google.set_faults(serde_json::from_value(refused).unwrap());
        world.put_task("ana", 0, "refused", "active").await;
        for _ in 0..4 {
            world.sync().await;
            world.advance(90_000);
        }
        assert_eq!(world.count("sync_mappings", "sync_state = 'parked'").await, 1);
        removes(&world).await;
        starts_anew(&world).await;
        world.sync().await;
        assert_eq!(titles(&world), ["Task 0", "Task 1"]);
    }
}
