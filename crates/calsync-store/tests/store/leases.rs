//! One worker at a time, and an overtaken one writes nothing.

use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use calsync_store::leases;
use calsync_store::leases::passes::{PassLease, Release};
use calsync_store::{StoreError, integrations, mappings};
use calsync_testing::on_both_databases;
use jiff::{SignedDuration, Timestamp};

use crate::world::{LEASE, World, at, quiet, stop_cause, task, task_body};

async fn release(world: &World, lease: &PassLease, how: Release, now: Timestamp) {
    let mut tx = world.begin().await;
    leases::passes::release(&mut tx, lease, how, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn schedule(world: &World, user: &str, now: Timestamp) {
    let mut tx = world.begin().await;
    mappings::schedule(&mut tx, user, now).await.unwrap().unwrap();
    tx.commit().await.unwrap();
}

async fn next_due(world: &World) -> Option<Timestamp> {
    leases::passes::next_due(&mut world.read().await, at(0)).await.unwrap()
}

on_both_databases! {
    async fn what_is_due_is_claimed_once_and_let_go(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        assert_eq!(world.claim("w1", at(-1)).await, [], "it is not due yet");
        let lease = world.claim_one("w1", at(1)).await;
        assert_eq!((lease.lease.id.as_str(), lease.lease.owner.as_str()), (id.as_str(), "w1"));
        assert_eq!(world.claim("w2", at(1)).await, []);
        release(&world, &lease, quiet(), at(1)).await;
        assert_eq!(world.claim("w2", at(1)).await, [], "nothing is left");
        assert_eq!(next_due(&world).await, None);
    }

    async fn a_limit_holds_and_the_longest_due_come_first(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cho"] {
            world.connected(user).await;
        }
        world.settle(at(0)).await;
        for (minute, user) in [(3, "ana"), (1, "ben"), (2, "cho")] {
            schedule(&world, user, at(minute)).await;
        }
        let mut tx = world.begin().await;
        let leases = leases::passes::claim(&mut tx, "w1", SignedDuration::from_secs(60), at(9), 2).await.unwrap();
        tx.commit().await.unwrap();
        let mut users: Vec<_> = leases.iter().map(|lease| lease.lease.id.as_str()).collect();
        users.sort_unstable();
        assert_eq!(users, ["integration-of-ben", "integration-of-cho"]);
        assert_eq!(world.claim_one("w2", at(9)).await.lease.id, "integration-of-ana");
    }

    async fn wakes_are_counted_so_that_one_during_a_pass_is_not_lost(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        schedule(&world, "ana", at(2)).await;
        release(&world, &lease, quiet(), at(3)).await;
        assert_eq!(next_due(&world).await, Some(at(3)), "due at once, behind what came due meanwhile");
        assert_eq!(world.claim("w1", at(3)).await.len(), 1);
    }

    async fn a_wake_during_a_pass_is_not_postponed_by_what_the_pass_left(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        schedule(&world, "ana", at(2)).await;
        release(&world, &lease, Release { due_at: Some(at(90)), ..quiet() }, at(3)).await;
        assert_eq!(world.claim("w1", at(3)).await.len(), 1);
    }

    async fn what_waits_for_later_is_woken_sooner_by_a_change(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        release(&world, &lease, Release { due_at: Some(at(90)), ..quiet() }, at(1)).await;
        assert_eq!(next_due(&world).await, Some(at(90)));
        assert_eq!(world.claim("w1", at(89)).await, []);
        schedule(&world, "ana", at(10)).await;
        assert_eq!(next_due(&world).await, Some(at(10)));
        schedule(&world, "ana", at(20)).await;
        assert_eq!(next_due(&world).await, Some(at(10)), "a second wake postpones nothing");
        assert_eq!(world.claim("w1", at(10)).await.len(), 1);
    }

    async fn what_is_let_go_is_due_when_its_first_mapping_is_unless_told_otherwise(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let idle = Release { idle_due_at: Some(at(5)), ..quiet() };
        let lease = world.claim_one("w1", at(1)).await;
        release(&world, &lease, idle, at(1)).await;
        assert_eq!(next_due(&world).await, Some(at(5)), "no mapping waits");

        world.put(&task("read"), &task_body("ana", "Read"), at(2)).await;
        let lease = world.claim_one("w1", at(2)).await;
        release(&world, &lease, idle, at(3)).await;
        assert_eq!(next_due(&world).await, Some(at(3)), "a mapping waits, behind what came due meanwhile");

        let lease = world.claim_one("w1", at(3)).await;
        release(&world, &lease, Release { due_at: Some(at(9)), ..idle }, at(3)).await;
        assert_eq!(next_due(&world).await, Some(at(9)));
    }

    async fn not_before_holds_against_every_wake(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        let slowed = Release { due_at: Some(at(30)), not_before: Some(at(30)), failed: true, ..quiet() };
        release(&world, &lease, slowed, at(1)).await;
        schedule(&world, "ana", at(2)).await;
        assert_eq!(world.claim("w1", at(29)).await, []);
        assert_eq!(next_due(&world).await, Some(at(30)));
        let slowed = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((slowed.failures, slowed.last_error_at, slowed.last_success_at), (1, Some(at(1)), None));

        let lease = world.claim_one("w1", at(30)).await;
        let put_off = Release { due_at: Some(at(40)), not_before: Some(at(40)), ..quiet() };
        release(&world, &lease, put_off, at(30)).await;
        let waits = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(waits.failures, 1, "to wait for one's turn is no failure");

        let lease = world.claim_one("w1", at(40)).await;
        release(&world, &lease, Release { succeeded: true, ..quiet() }, at(41)).await;
        let well = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((well.failures, well.last_error_at, well.last_success_at), (0, Some(at(1)), Some(at(41))));
        schedule(&world, "ana", at(42)).await;
        assert_eq!(world.claim("w1", at(42)).await.len(), 1);
    }

    async fn what_needs_its_user_is_left_alone_until_they_act(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        let mut tx = world.begin().await;
        integrations::needs_action(&world.store, &mut tx, &id, stop_cause(Reason::GrantRevoked), at(2)).await.unwrap();
        leases::passes::release(&mut tx, &lease, Release { failed: true, ..quiet() }, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let stopped = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((stopped.state, stopped.reason), (IntegrationState::NeedsAction, Some(Reason::GrantRevoked)));
        world.put(&task("read"), &task_body("ana", "Read"), at(3)).await;
        assert_eq!(world.claim("w1", at(9)).await, []);
        assert_eq!(next_due(&world).await, None);
        assert_eq!(world.due(&id, at(9)).await.len(), 1, "it waits");
    }

    async fn a_lease_ends_by_the_clock_and_the_overtaken_writes_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        // The lease's end is the database's own clock on Postgres: one of no length has ended anywhere.
        let mut tx = world.begin().await;
        let slow = leases::passes::claim(&mut tx, "slow", SignedDuration::ZERO, at(1), 1).await.unwrap().remove(0);
        tx.commit().await.unwrap();
        let due = world.due(&id, at(1)).await;

        let quick = world.claim_one("quick", at(1)).await;
        assert!(quick.lease.fence > slow.lease.fence);
        let error = world.end_pass(&slow, &due, at(2)).await.unwrap_err();
        assert!(matches!(&error, StoreError::LeaseLost(lost) if *lost == id), "{error}");
        release(&world, &slow, quiet(), at(2)).await;

        assert_eq!(world.due(&id, at(2)).await, due, "nothing was written");
        let mut tx = world.begin().await;
        leases::passes::renew(&mut tx, &quick.lease).await.unwrap();
        drop(tx);
        assert_eq!(world.claim("third", at(2)).await, [], "the late release freed nothing");
    }

    async fn a_dead_workers_integration_is_free_when_its_lease_is_over(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        world.claim_one("dead", at(1)).await;
        if world.is_sqlite() {
            assert_eq!(world.claim("next", at(10)).await, []);
            assert_eq!(next_due(&world).await, Some(at(11)), "no use to look sooner");
            assert_eq!(world.claim("next", at(11)).await.len(), 1);
        } else {
            assert_eq!(world.claim("next", at(10_000)).await, [], "a wrong clock ends no lease");
            world.raw().await.run("UPDATE user_integrations SET lease_until = 1").await;
            assert_eq!(world.claim("next", at(2)).await.len(), 1);
        }
    }

    async fn its_holder_knows_a_leases_end_by_the_own_clock(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let lease = world.claim_one("w1", at(1)).await;
        assert_eq!(lease.lease.until_local, at(1) + LEASE);
        assert_eq!(lease.lease.until == lease.lease.until_local, world.is_sqlite(), "Postgres goes by its own clock");
    }

    async fn a_restart_frees_what_the_process_held_before(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let before = world.claim_one("before", at(1)).await;
        let mut tx = world.begin().await;
        leases::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(world.claim_one("after", at(1)).await.lease.fence > before.lease.fence);
        let mut tx = world.begin().await;
        assert!(matches!(leases::passes::renew(&mut tx, &before.lease).await, Err(StoreError::LeaseLost(_))));
    }
}
