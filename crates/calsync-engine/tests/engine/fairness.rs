//! Nobody waits for the end of another's backfill.

use calsync_core::integration::CalendarChoice;
use calsync_engine::reconcile;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};

/// Whose turn it is.
async fn next_turn(world: &World) -> calsync_store::leases::passes::PassLease {
    reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0)
}

on_both_databases! {
    async fn a_change_just_made_comes_before_the_rest_of_a_backfill(db: TestDatabase) {
        let world = World::with(db, |settings| settings.mappings_per_pass = 5).await;
        world.synced("ben", 0).await;
        world.account("ana");
        world.put_tasks("ana", 12, "").await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        let [ana, ben] = [world.integration("ana").await.id, world.integration("ben").await.id];
        let mut turns = Vec::new();
        // Her calendar is made first.
        for turn in 0..5 {
            let lease = next_turn(&world).await;
            turns.push(if lease.lease.id == ana { "ana" } else { "ben" });
            assert!([&ana, &ben].contains(&&lease.lease.id));
            world.advance(1);
            if turn == 1 {
                world.put_task("ben", 0, "now", "active").await;
            }
            world.advance(1);
            reconcile::pass(&world.engine, &lease).await.unwrap();
        }
        assert_eq!(turns, ["ana", "ana", "ben", "ana", "ana"]);
        assert_eq!((world.events("ana", true).len(), world.events("ben", true).len()), (12, 1));
    }
}
