//! Who removed an event: what a user removed stays away.

use calsync_testing::on_both_databases;

use crate::disconnect::fault;
use crate::world::{World, email};

on_both_databases! {
    async fn a_delete_that_google_refuses_makes_no_removal_ours(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let event = world.events("ana", true).remove(0);
        let calendar = world.integration("ana").await.target_calendar_id.unwrap();
        world.google.user_deletes_event(&email("ana"), &calendar, event["id"].as_str().unwrap()).unwrap();

        world.google.set_faults(vec![fault("events.delete", 429, Some(1))]);
        world.put_task("ana", 0, "later", "cancelled").await;
        world.sync().await;
        assert_eq!(world.count("calendar_sync_logs", "operation = 'delete'").await, 1, "it was refused");
        world.advance(4_000);
        world.sync().await;
        assert_eq!(world.count("sync_mappings", "phase = 'removed_by_user'").await, 1);

        world.put_task("ana", 0, "later", "active").await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 0, "it came back");
    }
}
