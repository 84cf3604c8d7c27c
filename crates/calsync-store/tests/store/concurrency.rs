//! Many at once. On Postgres transactions really overlap; whatever they do to each other, nothing
//! is lost, and what fails may be run again.

use std::collections::BTreeSet;
use std::sync::Arc;

use calsync_core::item::{ItemKey, ItemKind};
use calsync_store::leases;
use calsync_store::leases::passes::PassLease;
use calsync_store::{StoreError, items};
use calsync_testing::on_both_databases;
use jiff::SignedDuration;
use tokio::task::JoinSet;

use crate::world::{World, at, key, put, session_body, task, task_body};

/// Writes `keys` in the given order in one transaction, and runs it again where it met others.
async fn write_batch(world: &World, keys: &[ItemKey], title: &str) {
    for _ in 0..100 {
        match try_batch(world, keys, title).await {
            Ok(()) => return,
            Err(error) if error.is_contention() => {}
            Err(error) => panic!("not a contention: {error:?}"),
        }
    }
    panic!("no try came through");
}

async fn try_batch(world: &World, keys: &[ItemKey], title: &str) -> Result<(), StoreError> {
    let mut tx = world.begin().await;
    for key in keys {
        put(&mut tx, key, &task_body(&format!("user-{}", key.id), title), at(1)).await?;
        tokio::task::yield_now().await;
    }
    tx.commit().await
}

on_both_databases! {
    async fn no_two_workers_hold_the_same_integration(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        for user in 0..30 {
            world.connected(&format!("user-{user}")).await;
        }
        let mut workers = JoinSet::new();
        for worker in 0..6 {
            let world = world.clone();
            workers.spawn(async move {
                let mut claimed: Vec<PassLease> = Vec::new();
                for _ in 0..20 {
                    let mut tx = world.begin().await;
                    let length = SignedDuration::from_secs(600);
                    let owner = format!("worker-{worker}");
                    let leases = leases::passes::claim(&mut tx, &owner, length, at(1), 2).await.unwrap();
                    assert!(leases.len() <= 2, "the limit holds: {leases:?}");
                    tx.commit().await.unwrap();
                    claimed.extend(leases);
                }
                claimed
            });
        }
        let claimed: Vec<PassLease> = workers.join_all().await.into_iter().flatten().collect();
        let ids: BTreeSet<_> = claimed.iter().map(|lease| &lease.lease.id).collect();
        assert_eq!((claimed.len(), ids.len()), (30, 30));
    }

    async fn writers_in_different_orders_lose_nothing(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        // Few, since Postgres looks for a deadlock only after a second.
        let keys: Vec<ItemKey> = (0..4).map(|id| task(&id.to_string())).collect();
        for key in &keys {
            world.connected(&format!("user-{}", key.id)).await;
        }
        let mut writers = JoinSet::new();
        for writer in 0..4_usize {
            let (world, mut keys) = (world.clone(), keys.clone());
            keys.rotate_left(writer);
            if writer % 2 == 1 {
                keys.reverse();
            }
            writers.spawn(async move { write_batch(&world, &keys, &format!("by {writer}")).await });
        }
        writers.join_all().await;
        for key in &keys {
            let item = items::get(&mut world.read().await, key).await.unwrap().unwrap();
            assert_eq!(item.revision, 4, "each writer's change of {key} counted");
        }
        let mut raw = world.raw().await;
        assert_eq!(raw.count("sync_mappings", "desired_revision >= 4").await, 4);
    }

    async fn two_puts_of_one_new_item_at_once_are_one_item(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        let mut writers = JoinSet::new();
        for writer in 0..10 {
            let world = world.clone();
            writers.spawn(async move {
                let talk = key(ItemKind::Session, "talk");
                let users = ["ana".to_owned(), format!("user-{writer}")];
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                for _ in 0..100 {
                    let mut tx = world.begin().await;
                    let body = session_body(&users, "Talk");
                    let result = match put(&mut tx, &talk, &body, at(1)).await {
                        Ok(upsert) => tx.commit().await.map(|()| upsert),
                        Err(error) => Err(error),
                    };
                    match result {
                        Ok(upsert) => return upsert,
                        Err(error) => assert!(error.is_contention(), "{error:?}"),
                    }
                }
                panic!("no try came through");
            });
        }
        let upserts = writers.join_all().await;
        let made = upserts.iter().filter(|u| matches!(u, items::Upsert::Stored { created: true, .. }));
        assert_eq!(made.count(), 1, "{upserts:?}");
        let talk = key(ItemKind::Session, "talk");
        let item = items::get(&mut world.read().await, &talk).await.unwrap().unwrap();
        assert_eq!(item.revision, 10);
        let addressed = world.raw().await.texts("SELECT user_id FROM item_users ORDER BY user_id").await;
        assert_eq!(addressed, item.body.unwrap().user_ids.into_iter().collect::<Vec<_>>(), "one body, its users");
    }

    async fn passes_and_changes_at_once_end_settled(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        let id = world.connected("user-0").await;
        let keys: Vec<ItemKey> = (0..5).map(|_| task("0")).collect();
        let mut writers = JoinSet::new();
        for writer in 0..6 {
            let (world, keys) = (world.clone(), keys.clone());
            writers.spawn(async move {
                for (round, key) in keys.iter().enumerate() {
                    write_batch(&world, std::slice::from_ref(key), &format!("{writer}.{round}")).await;
                }
            });
        }
        let passes = {
            let world = world.clone();
            tokio::spawn(async move {
                for pass in 0..40 {
                    for lease in world.claim(&format!("pass {pass}"), at(1)).await {
                        let due = world.due(&lease.lease.id, at(1)).await;
                        world.end_pass(&lease, &due, at(1)).await.unwrap();
                    }
                }
            })
        };
        writers.join_all().await;
        passes.await.unwrap();
        world.settle(at(2)).await;
        assert_eq!(world.due(&id, at(2)).await, []);
        assert_eq!(world.raw().await.count("sync_mappings", "desired_revision = 30").await, 1);
    }
}
