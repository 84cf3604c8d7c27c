//! Since when the oldest change waits, and how the connections to the database are used.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use calsync_core::reason::Reason;
use calsync_store::{freshness, integrations};
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use jiff::Timestamp;

use crate::world::{World, at, stop_cause, task, task_body};

async fn oldest(world: &World, mappings_max: i64) -> Option<Timestamp> {
    freshness::oldest_waiting(&mut world.read().await, mappings_max).await.unwrap()
}

on_both_databases! {
    async fn the_oldest_change_that_waits_is_told(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let ben = world.connected("ben").await;
        world.settle(at(0)).await;
        assert_eq!(oldest(&world, 10).await, None);
        world.put(&task("t2"), &task_body("ana", "Later"), at(2)).await;
        world.put(&task("t1"), &task_body("ben", "Earlier"), at(1)).await;
        world.put(&task("t1"), &task_body("ben", "Edited since"), at(3)).await;
        assert_eq!(oldest(&world, 10).await, Some(at(1)), "an edit makes it no younger");
        assert_eq!(oldest(&world, 1).await, Some(at(1)), "what is due first is looked at first");
        let mut tx = world.begin().await;
        let cause = stop_cause(Reason::GrantRevoked);
        assert!(integrations::needs_action(&world.store, &mut tx, &ben, cause, at(4)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(oldest(&world, 10).await, Some(at(2)), "nobody can work on ben's");
        world.settle(at(5)).await;
        assert_eq!(oldest(&world, 10).await, None);
    }

    async fn the_use_of_connections_is_counted(db: TestDatabase) {
        let world = World::new(db).await;
        let of = |name: &str| world.store.pools().into_iter().find(|pool| pool.name == name).unwrap();
        let [writer, reader] = if world.is_sqlite() { ["writer", "readers"] } else { ["all", "all"] };
        let before = [of(writer).begun, of(reader).begun];
        let writes = world.begin().await;
        let busy = of(writer);
        // A connection that was just given back may not be idle yet.
        assert!(busy.idle < busy.connections && busy.waiting == 0, "{busy:?}");
        drop(world.read().await);
        drop(writes);
        let by = if world.is_sqlite() { 1 } else { 2 };
        assert_eq!([of(writer).begun, of(reader).begun], before.map(|begun| begun + by));
        assert_eq!(of(writer).waiting, 0);
    }
}

#[tokio::test]
async fn a_writer_that_waits_is_seen() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let writer = || world.store.pools()[0];
    let first = world.begin().await;
    let mut second = pin!(world.store.begin());
    // Polled once, it waits in line.
    assert!(poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending())).await);
    assert_eq!(writer().waiting, 1);
    drop(first);
    drop(second.await.unwrap());
    assert_eq!(writer().waiting, 0);
    assert!(writer().waited > Duration::ZERO);
}
