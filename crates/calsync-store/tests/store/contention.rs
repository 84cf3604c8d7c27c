//! Transactions that get in each other's way, on Postgres, where they really overlap.

use std::sync::Arc;

use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt};
use calsync_store::sync_errors::{self, Group};
use calsync_store::{StoreError, transaction};
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::{World, at, key, put, task, task_body};

/// An error of a group of its own for each `status`.
fn failure(id: &str, user: &str, status: u16) -> Attempt {
    Attempt {
        id: id.into(),
        at: at(i64::from(status)),
        user_id: user.into(),
        integration_id: "integration".into(),
        item: Some(key(ItemKind::Task, "read")),
        operation: Operation::Insert,
        outcome: Outcome::Unknown,
        reason: Some(Reason::GoogleUnavailable),
        http_status: Some(status),
        provider_reason: None,
        provider_message: None,
        trace_id: "trace".into(),
    }
}

/// Counts some of what is there, beside others that do.
async fn roll_up(world: &World) -> u64 {
    transaction!(StoreError, world.store, |tx| attempts::roll_up(tx, 7).await?).unwrap()
}

/// The groups, once all is counted.
async fn groups(world: &World) -> Vec<Group> {
    while roll_up(world).await > 0 {}
    sync_errors::groups(&mut world.read().await, None, 100).await.unwrap()
}

on_both_databases! {
    async fn roll_ups_beside_those_who_record_count_each_attempt_once(db: TestDatabase) {
        const WRITERS: u16 = 8;
        const ROUNDS: u16 = 10;
        const GROUPS: u16 = 20;
        let world = Arc::new(World::new(db).await);
        let (mut writers, mut counters) = (JoinSet::new(), JoinSet::new());
        for _ in 0..2 {
            let world = world.clone();
            counters.spawn(async move {
                let all = i64::from(WRITERS * ROUNDS * GROUPS);
                while world.raw().await.count("error_groups", "TRUE").await == 0
                    || world.raw().await.count("calendar_sync_logs", "TRUE").await < all
                {
                    roll_up(&world).await;
                }
            });
        }
        for writer in 0..WRITERS {
            let world = world.clone();
            writers.spawn(async move {
                for round in 0..ROUNDS {
                    let of_group = |number: u16| {
                        let status = if writer % 2 == 0 { number } else { GROUPS - 1 - number };
                        let id = format!("{writer}-{round}-{number}");
                        failure(&id, &format!("user-{}", writer / 2), 500 + (status + writer) % GROUPS)
                    };
                    let attempts: Vec<Attempt> = (0..GROUPS).map(of_group).collect();
                    let mut tx = world.begin().await;
                    attempts::record_all(&mut tx, &attempts).await.unwrap();
                    tx.commit().await.unwrap();
                }
            });
        }
        writers.join_all().await;
        counters.join_all().await;
        let groups = groups(&world).await;
        assert_eq!(groups.len(), usize::from(GROUPS));
        for group in &groups {
            assert_eq!((group.errors, group.affected_users), (i64::from(WRITERS * ROUNDS), 4), "{group:?}");
        }
        let stored = world.raw().await.count("calendar_sync_logs", "TRUE").await;
        assert_eq!(stored, i64::from(WRITERS * ROUNDS * GROUPS));
    }

    async fn a_group_keeps_its_first_and_its_last_error(db: TestDatabase) {
        let world = World::new(db).await;
        for (ids, times) in [(["1", "2"], [5, 3]), (["3", "4"], [9, 4]), (["5", "6"], [4, 4])] {
            let mut tx = world.begin().await;
            let error = |(id, minute): (&str, i64)| Attempt { at: at(minute), ..failure(id, "ana", 500) };
            let errors: Vec<Attempt> = ids.into_iter().zip(times).map(error).collect();
            attempts::record_all(&mut tx, &errors).await.unwrap();
            tx.commit().await.unwrap();
            roll_up(&world).await;
        }
        let (first, last) = (at(3).as_microsecond(), at(9).as_microsecond());
        let seen = format!("first_seen = {first} AND last_seen = {last}");
        assert_eq!(world.raw().await.count("error_groups", &seen).await, 1);
        assert_eq!(groups(&world).await[0].errors, 6);
    }
}

/// Locks one item and then the other, with everybody else in between at the first run.
async fn lock_both(world: &World, first: &str, second: &str, everybody: &Barrier) -> Result<u32, StoreError> {
    let mut runs = 0;
    transaction!(StoreError, world.store, |tx| {
        runs += 1;
        put(tx, &task(first), &task_body(first, &format!("{first} before {second}")), at(1)).await?;
        if runs == 1 {
            everybody.wait().await;
        }
        put(tx, &task(second), &task_body(second, &format!("{second} after {first}")), at(1)).await?;
        runs
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_in_the_way_is_run_again() {
    let world = Arc::new(World::new(TestDatabase::new(DatabaseKind::Postgres)).await);
    for id in ["a", "b"] {
        world.put(&task(id), &task_body(id, id), at(0)).await;
    }
    let everybody = Arc::new(Barrier::new(2));
    let one = {
        let (world, everybody) = (world.clone(), everybody.clone());
        tokio::spawn(async move { lock_both(&world, "a", "b", &everybody).await })
    };
    let other = lock_both(&world, "b", "a", &everybody).await.unwrap();
    let one = one.await.unwrap().unwrap();
    // On a busy machine they may meet more than once.
    assert!(one.max(other) > 1, "{one} and {other}: the one that was in the way was run again");
}

#[tokio::test]
async fn what_fails_for_another_reason_is_not_run_again() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let mut runs = 0;
    let failed: Result<(), StoreError> = transaction!(StoreError, world.store, |_tx| {
        runs += 1;
        Err(StoreError::Unusable("no".into()))?;
    });
    assert!(matches!(failed, Err(StoreError::Unusable(_))));
    assert_eq!(runs, 1);
}
