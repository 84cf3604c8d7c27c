//! What the platform wanted for a while and took back: nothing of it stays at Google, whether or not we
//! heard that it got there, and what a user made of the event meanwhile was not made of the last wish.

use calsync_core::item::ItemKind;
use calsync_engine::reconcile;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use serde_json::json;

/// Longer than a dead worker's lease.
const LEASE_IS_OVER: i64 = 60;

fn title(world: &World) -> String {
    world.events("ana", true)[0]["summary"].as_str().unwrap().trim().to_owned()
}

async fn put_session(world: &World, title: &str) {
    let body = json!({"user_ids": ["ana"], "title": title, "status": "active",
        "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"});
    world.put(ItemKind::Session, "talk", &body).await;
}

/// A pass dies once Google took its update.
async fn dies_unheard(world: &World) {
    world.transport.hold_next("/events/");
    let lease = reconcile::claim(&world.engine, "doomed", 1).await.unwrap().remove(0);
    let engine = world.engine.clone();
    let doomed = tokio::spawn(async move { reconcile::pass(&engine, &lease).await });
    world.transport.held_one().await;
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    world.advance(LEASE_IS_OVER);
}

on_both_databases! {
    async fn an_update_whose_process_died_does_not_outlive_its_wish(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.put_task("ana", 0, "for a while", "active").await;
        dies_unheard(&world).await;
        assert_eq!(title(&world), "Task 0 for a while");
        world.put_task("ana", 0, "", "active").await;
        world.sync().await;
        assert_eq!(title(&world), "Task 0");
    }

    async fn what_was_stopped_does_not_outlive_its_wish(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.put_task("ana", 0, "for a while", "active").await;
        dies_unheard(&world).await;
        world.sql("UPDATE items SET body = '{'").await;
        world.sync().await;
        assert_eq!(world.count("sync_mappings", "sync_state = 'parked'").await, 1);
        world.put_task("ana", 0, "", "active").await;
        world.sync().await;
        assert_eq!(title(&world), "Task 0");
    }

    async fn an_edit_under_another_wish_does_not_outlive_it(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        put_session(&world, "Talk").await;
        world.sync().await;
        put_session(&world, "Talk, maybe").await;
        let event = world.events("ana", true).remove(0);
        let (calendar, id) = (event["calendar_id"].as_str().unwrap(), event["id"].as_str().unwrap());
        world.google.user_edits_event(&email("ana"), calendar, id, &json!({"summary": "Mine"})).unwrap();
        put_session(&world, "Talk").await;
        world.sync().await;
        assert_eq!(title(&world), "Talk");
    }

    async fn a_wish_that_was_never_another_takes_no_look(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        for title in ["a", "b"] {
            world.put_task("ana", 0, title, "active").await;
        }
        let calls = world.transport.calls();
        world.sync().await;
        assert_eq!((title(&world).as_str(), world.transport.calls() - calls), ("Task 0 b", 1));
    }
}
