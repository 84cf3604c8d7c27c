//! The feed: what is told is told once, in the order of commit, and no reader passes anything by.

use std::sync::Arc;

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_store::changes::{self, NewChange, SequencedChange};
use calsync_store::{Tx, disconnects, integrations};
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{World, at, stop_cause, task};

/// More changes than any story has.
const ALL: i64 = 1_000;

async fn record(world: &World, tx: &mut Tx, user: &str, change: Change, minute: i64) {
    let (before, after) = (json!({"title": "old"}), json!({"title": "new"}));
    let (item, outcome) = (task("read"), ChangeOutcome::Undone);
    let new = NewChange { user_id: user, item: Some(&item), change, outcome, before, after };
    changes::record(&world.store, tx, &new, at(minute)).await.unwrap();
}

async fn assign_positions(world: &World) -> u64 {
    let mut tx = world.begin().await;
    let placed = changes::assign_positions(&mut tx, ALL).await.unwrap();
    tx.commit().await.unwrap();
    placed
}

async fn after(world: &World, position: i64) -> Vec<SequencedChange> {
    changes::after(&mut world.read().await, position, ALL).await.unwrap()
}

/// Everything told so far, as `user change`.
async fn told(world: &World) -> Vec<String> {
    assign_positions(world).await;
    let told = after(world, 0).await.into_iter();
    told.map(|one| format!("{} {}", one.user_id, one.change.name())).collect()
}

on_both_databases! {
    async fn a_change_keeps_the_link_that_it_tells_of_sealed(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        record(&world, &mut tx, "ana", Change::NeedsReconnect, 5).await;
        tx.commit().await.unwrap();
        assign_positions(&world).await;
        let one = after(&world, 0).await.remove(0);
        let token = async || {
            let kept = changes::link_token(&mut world.read().await, world.store.keyring(), &one).await.unwrap();
            kept.map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(token().await, None);
        for text in ["first", "second"] {
            let mut tx = world.begin().await;
            changes::keep_link_token(&world.store, &mut tx, &one, &text.into()).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(token().await.as_deref(), Some(text));
        }
        world.raw().await.run("UPDATE changes SET user_id = 'ben'").await;
        let moved = after(&world, 0).await.remove(0);
        let kept = changes::link_token(&mut world.read().await, world.store.keyring(), &moved).await.unwrap();
        assert!(kept.is_none(), "it opens for its own user");
    }

    async fn a_change_is_told_in_its_place_and_forgotten_when_it_is_old(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        record(&world, &mut tx, "ana", Change::Edited, 5).await;
        assert!(changes::has_unsequenced(&mut tx).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(after(&world, 0).await, [], "it has no place yet");
        assert_eq!((assign_positions(&world).await, assign_positions(&world).await), (1, 0));

        let told = after(&world, 0).await;
        let [one] = &told[..] else { panic!("one change: {told:?}") };
        assert_eq!((one.position, one.at, one.user_id.as_str()), (1, at(5), "ana"));
        assert_eq!((one.item.as_ref(), one.change, one.outcome), (Some(&task("read")), Change::Edited, ChangeOutcome::Undone));
        assert_eq!((&one.before["title"], &one.after["title"]), (&json!("old"), &json!("new")));
        assert_eq!(after(&world, 1).await, []);

        let mut tx = world.begin().await;
        assert_eq!(changes::forget(&mut tx, at(5), ALL).await.unwrap(), 0);
        assert_eq!(changes::forget(&mut tx, at(6), ALL).await.unwrap(), 1);
        record(&world, &mut tx, "ana", Change::Removed, 7).await;
        tx.commit().await.unwrap();
        assign_positions(&world).await;
        assert_eq!(after(&world, 1).await[0].position, 2, "a place is given once, also after its change is forgotten");
    }

    async fn what_did_not_happen_is_not_told(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        record(&world, &mut tx, "ana", Change::Edited, 1).await;
        drop(tx);
        assert_eq!(assign_positions(&world).await, 0);
    }

    async fn the_changes_of_a_user_keep_their_order_though_clocks_differ(db: TestDatabase) {
        let world = World::new(db).await;
        for (change, minute) in [(Change::Completed, 9), (Change::Reopened, 2), (Change::Edited, 2)] {
            let mut tx = world.begin().await;
            record(&world, &mut tx, "ana", change, minute).await;
            tx.commit().await.unwrap();
        }
        assert_eq!(told(&world).await, ["ana completed", "ana reopened", "ana edited"]);
    }

    async fn many_who_place_at_once_leave_no_gap_and_no_reader_misses_a_change(db: TestDatabase) {
        const WRITERS: usize = 8;
        const CHANGES_EACH: usize = 10;
        let world = Arc::new(World::new(db).await);
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let world = world.clone();
            writers.spawn(async move {
                for _ in 0..CHANGES_EACH {
                    let mut tx = world.begin().await;
                    record(&world, &mut tx, &format!("user{writer}"), Change::Edited, 1).await;
                    tx.commit().await.unwrap();
                    assign_positions(&world).await;
                }
            });
        }
        let (mut read, mut position) = (0, 0);
        while read < WRITERS * CHANGES_EACH {
            if writers.is_empty() {
                assert!(!after(&world, position).await.is_empty(), "{read} were read, and no more are there");
            }
            for one in after(&world, position).await {
                assert_eq!(one.position, position + 1);
                (read, position) = (read + 1, one.position);
            }
            while let Some(ended) = writers.try_join_next() {
                ended.unwrap();
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(assign_positions(&world).await, 0);
    }

    async fn the_platform_is_told_of_a_connection_once(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        assert_eq!(told(&world).await, ["ana connected"]);
        for _ in 0..2 {
            let mut tx = world.begin().await;
            integrations::needs_action(&world.store, &mut tx, &id, stop_cause(Reason::GrantExpired), at(1)).await.unwrap();
            tx.commit().await.unwrap();
        }
        world.consented("ana", "ana", CalendarChoice::New).await;
        world.consented("ana", "ana", CalendarChoice::New).await;
        world.raw().await.set(&id, "state", "'disconnecting'").await;
        let mut tx = world.begin().await;
        disconnects::wipe(&world.store, &mut tx, &id, 1, true, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            told(&world).await,
            ["ana connected", "ana needs_reconnect", "ana connected", "ana disconnected"]
        );
        let needs_reconnect = &after(&world, 1).await[0];
        assert_eq!(needs_reconnect.item, None);
        assert_eq!(needs_reconnect.before, json!({"provider": "google", "state": "active", "reason": null}));
        assert_eq!(
            needs_reconnect.after,
            json!({"provider": "google", "state": "needs_action", "reason": "grant_expired"})
        );
    }
}

/// SQLite has one writer, so there nothing can be committed in another order than it was written.
#[tokio::test]
async fn a_change_that_is_committed_late_is_not_passed_by() {
    let world = World::new(TestDatabase::new(DatabaseKind::Postgres)).await;
    let (mut first, mut second) = (world.begin().await, world.begin().await);
    record(&world, &mut first, "ana", Change::Edited, 1).await;
    record(&world, &mut second, "ben", Change::Edited, 2).await;
    second.commit().await.unwrap();
    assert_eq!(told(&world).await, ["ben edited"]);
    let read_so_far = after(&world, 0).await[0].position;
    first.commit().await.unwrap();
    assert_eq!(told(&world).await, ["ben edited", "ana edited"]);
    assert_eq!(after(&world, read_so_far).await[0].user_id, "ana");
}
