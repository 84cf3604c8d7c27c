//! Disconnects as they are kept: one at a time, fenced, step by step.

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::plan::EventState;
use calsync_store::StoreError;
use calsync_store::audit::{self, AuditRow};
use calsync_store::calendars;
use calsync_store::disconnects::{self, DisconnectStep, NewDisconnect, Pause, RequestedBy, Saga, Start};
use calsync_store::integrations;
use calsync_store::leases::passes::PassLease;
use calsync_store::leases::{self, Lease};
use calsync_store::mappings::{self, End};
use calsync_testing::on_both_databases;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{LEASE, World, address, at, copy, standing, task, task_body};

pub(crate) async fn start(world: &World, user: &str, requested_by: &RequestedBy) -> Start {
    let new = NewDisconnect {
        user_id: user,
        provider: "google",
        remote_items: RemoteItems::Remove,
        requested_by,
        note: Some("asked\0 by mail"),
    };
    let mut tx = world.begin().await;
    let started = disconnects::start(&world.store, &mut tx, &new, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    started
}

pub(crate) async fn started(world: &World, user: &str) -> Saga {
    match start(world, user, &RequestedBy::User).await {
        Start::Started(saga) => saga,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn claim(world: &World, owner: &str, now: Timestamp) -> Vec<Lease> {
    let mut tx = world.begin().await;
    let leases = leases::disconnects::claim(&mut tx, owner, LEASE, now, 10).await.unwrap();
    tx.commit().await.unwrap();
    leases
}

pub(crate) async fn saga(world: &World, id: &str) -> Saga {
    disconnects::get(&mut world.read().await, id).await.unwrap().unwrap()
}

pub(crate) fn step(name: StepName, outcome: StepOutcome) -> DisconnectStep {
    DisconnectStep { name, outcome, receipt: format!("{} it is.", name.name()), at: at(3) }
}

async fn has_no_inflight_call(world: &World, id: &str, now: Timestamp) -> bool {
    let longest_call = SignedDuration::from_secs(10);
    leases::passes::has_no_inflight_call(&mut world.read().await, id, longest_call, now).await.unwrap()
}

/// `user` connected, with a task that is in Google.
pub(crate) async fn synced(world: &World, user: &str) -> String {
    let id = world.connected(user).await;
    world.put(&task(user), &task_body(user, "Read"), at(1)).await;
    world.settle(at(1)).await;
    id
}

on_both_databases! {
    async fn a_start_freezes_the_integration_and_is_audited(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let Start::Started(saga) = start(&world, "ana", &RequestedBy::Admin { id: "kim".into() }).await else {
            panic!("it starts")
        };
        assert_eq!((saga.state, saga.next_step()), (SagaState::Running, Some(StepName::Freeze)));
        assert_eq!(saga.note.as_deref(), Some("asked\u{FFFD} by mail"));
        let integration = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(integration.state, IntegrationState::Disconnecting);
        let [row] = &audit::list(&mut world.read().await, Some("ana"), None, 9).await.unwrap()[..] else { panic!() };
        assert_eq!((row.admin_id.as_str(), row.action.as_str()), ("kim", "integration.disconnect"));
        assert_eq!(row.metadata["disconnect_id"], saga.id);

        world.put(&task("more"), &task_body("ana", "More"), at(3)).await;
        assert_eq!(world.claim("w1", at(9)).await, [], "nobody works on it any more");
        let again = start(&world, "ana", &RequestedBy::Platform).await;
        assert_eq!(again, Start::AlreadyRunning(saga.clone()));
        assert_eq!(disconnects::running(&mut world.read().await, &id).await.unwrap(), Some(saga.clone()));
        assert_eq!(disconnects::of_user(&mut world.read().await, "ana", 9).await.unwrap(), [saga]);
        assert_eq!(start(&world, "nobody", &RequestedBy::User).await, Start::NothingConnected);
        assert_eq!(disconnects::get(&mut world.read().await, "unknown").await.unwrap(), None);
    }

    async fn of_many_starts_at_once_one_starts(db: TestDatabase) {
        let world = std::sync::Arc::new(World::new(db).await);
        synced(&world, "ana").await;
        let mut starts = JoinSet::new();
        for _ in 0..10 {
            let world = world.clone();
            starts.spawn(async move { start(&world, "ana", &RequestedBy::User).await });
        }
        let starts = starts.join_all().await;
        assert_eq!(starts.iter().filter(|start| matches!(start, Start::Started(_))).count(), 1, "{starts:?}");
        assert_eq!(starts.iter().filter(|start| matches!(start, Start::AlreadyRunning(_))).count(), 9);
    }

    async fn what_is_rolled_back_leaves_neither_deed_nor_audit(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let requested_by = RequestedBy::Admin { id: "kim".into() };
        let new = NewDisconnect { user_id: "ana", provider: "google", remote_items: RemoteItems::Keep,
            requested_by: &requested_by, note: None };
        let mut tx = world.begin().await;
        disconnects::start(&world.store, &mut tx, &new, at(2)).await.unwrap();
        drop(tx);
        assert_eq!(audit::list(&mut world.read().await, Some("ana"), None, 9).await.unwrap(), []);
        assert_eq!(world.raw().await.count("disconnects", "TRUE").await, 0);
    }

    async fn deeds_are_listed_newest_first(db: TestDatabase) {
        let world = World::new(db).await;
        let row = |id: &str, target: &str| AuditRow {
            id: id.into(), admin_id: "kim".into(), action: "pause.start".into(), target_id: target.into(),
            note: Some("because".into()), metadata: json!({"count": 3}), created_at: at(1),
        };
        let mut tx = world.begin().await;
        for (id, target) in [("1", "ana"), ("2", "ben"), ("3", "ana")] {
            audit::record(&mut tx, &row(id, target)).await.unwrap();
        }
        assert_eq!(audit::list(&mut tx, Some("ana"), None, 9).await.unwrap(), [row("3", "ana"), row("1", "ana")]);
        assert_eq!(audit::list(&mut tx, Some("ana"), None, 1).await.unwrap(), [row("3", "ana")]);
    }

    async fn one_worker_carries_it_and_an_overtaken_one_writes_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let id = started(&world, "ana").await.id;
        assert_eq!(claim(&world, "early", at(1)).await, [], "it is not due yet");
        let mut slow = claim(&world, "slow", at(2)).await.remove(0);
        assert_eq!(claim(&world, "other", at(2)).await, []);
        let mut tx = world.begin().await;
        leases::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let mut quick = claim(&world, "quick", at(2)).await.remove(0);
        assert!(quick.fence > slow.fence);
        let mut tx = world.begin().await;
        let error = leases::disconnects::extend(&mut tx, &mut slow, LEASE, at(3)).await.unwrap_err();
        assert!(matches!(&error, StoreError::LeaseLost(lost) if *lost == id), "{error}");
        drop(tx);
        let mut tx = world.begin().await;
        leases::disconnects::extend(&mut tx, &mut quick, LEASE, at(3)).await.unwrap();
        disconnects::pause(&mut tx, &quick, Pause { due_at: at(7), failed: true }).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(saga(&world, &id).await.tries, 1);
        assert_eq!(leases::disconnects::next_due(&mut world.read().await, at(3)).await.unwrap(), Some(at(7)));
        assert_eq!(claim(&world, "quick", at(6)).await, []);
        assert_eq!(claim(&world, "quick", at(7)).await.len(), 1);
    }

    async fn steps_are_kept_in_order_until_the_end(db: TestDatabase) {
        let world = World::new(db).await;
        let integration_id = synced(&world, "ana").await;
        let id = started(&world, "ana").await.id;
        let mut lease = claim(&world, "w1", at(2)).await.remove(0);
        let mut tx = world.begin().await;
        leases::disconnects::extend(&mut tx, &mut lease, LEASE, at(3)).await.unwrap();
        disconnects::count_removed(&mut tx, &lease, 3).await.unwrap();
        disconnects::count_removed(&mut tx, &lease, 2).await.unwrap();
        for name in StepName::ALL {
            disconnects::end_step(&mut tx, &lease, &step(*name, StepOutcome::Done)).await.unwrap();
        }
        disconnects::wipe(&world.store, &mut tx, &integration_id, 1, true, at(4)).await.unwrap();
        disconnects::finish(&mut tx, &lease, SagaState::DoneWithLeftovers, at(4)).await.unwrap();
        tx.commit().await.unwrap();

        let ended = saga(&world, &id).await;
        assert_eq!((ended.state, ended.ended_at, ended.removed), (SagaState::DoneWithLeftovers, Some(at(4)), 5));
        assert_eq!(ended.steps.iter().map(|step| step.name).collect::<Vec<_>>(), StepName::ALL);
        assert_eq!(ended.next_step(), None);
        assert_eq!(ended.steps[0].receipt, "freeze it is.");
        assert_eq!(claim(&world, "w1", at(900)).await, [], "it is over");
        assert_eq!(leases::disconnects::next_due(&mut world.read().await, at(900)).await.unwrap(), None);
        let mut tx = world.begin().await;
        assert!(leases::disconnects::extend(&mut tx, &mut lease, LEASE, at(5)).await.is_err());
        drop(tx);
        assert_eq!(start(&world, "ana", &RequestedBy::User).await, Start::NothingConnected);
    }

    async fn a_wipe_leaves_no_secret_and_no_work(db: TestDatabase) {
        let world = World::new(db).await;
        for (user, nothing_left) in [("ana", true), ("ben", false)] {
            let id = synced(&world, user).await;
            world.put(&task(&format!("{user}-waits")), &task_body(user, "Waits"), at(2)).await;
            started(&world, user).await;
            let mut tx = world.begin().await;
            disconnects::wipe(&world.store, &mut tx, &id, 1, nothing_left, at(3)).await.unwrap();
            tx.commit().await.unwrap();
            let wiped = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
            assert_eq!((wiped.state, wiped.expires_at), (IntegrationState::Disconnected, None));
            assert_eq!(wiped.target_calendar_id.is_none(), nothing_left);
            let calendars = calendars::of_connection(&mut world.read().await, (&id, 1)).await.unwrap();
            assert_eq!(calendars.is_empty(), nothing_left);
            let counts = integrations::counts(&mut world.read().await, &id).await.unwrap();
            assert_eq!((counts.synced, counts.waiting), (i64::from(!nothing_left), 0));
            world.put(&task(user), &task_body(user, "Changed"), at(4)).await;
            assert_eq!(world.claim("w1", at(900)).await, []);
        }
        let secrets = "access_token IS NOT NULL OR refresh_token IS NOT NULL OR lease_owner IS NOT NULL";
        assert_eq!(world.raw().await.count("user_integrations", secrets).await, 0);
    }

    async fn a_connection_waits_for_the_end_of_the_one_before(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let version = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap().token_version;
        started(&world, "ana").await;
        assert_eq!(world.tries_to_connect("ana", "ana", CalendarChoice::New).await, None);
        let still = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((still.state, still.token_version), (IntegrationState::Disconnecting, version));
        let mut tx = world.begin().await;
        disconnects::wipe(&world.store, &mut tx, &id, 1, true, at(3)).await.unwrap();
        tx.commit().await.unwrap();
        let anew = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((anew.id, anew.epoch, anew.state), (id, still.epoch + 1, IntegrationState::Connecting));
    }

    async fn a_calendar_that_may_have_been_made_is_looked_for_by_the_next_connection(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.consented("ana", "ana", CalendarChoice::New).await.id;
        let mut tx = world.begin().await;
        integrations::calendar_requested(&mut tx, &id).await.unwrap();
        tx.commit().await.unwrap();
        let again = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((again.epoch, again.state), (1, IntegrationState::Connecting));
        let [announced] = &calendars::of_connection(&mut world.read().await, (&id, 1)).await.unwrap()[..] else { panic!() };
        assert_eq!(announced.id, None);
    }

    async fn quiet_is_who_was_let_go_or_whose_lease_and_last_call_are_over(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        assert!(has_no_inflight_call(&world, &id, at(1)).await);
        world.put(&task("more"), &task_body("ana", "More"), at(1)).await;
        let held: PassLease = world.claim_one("w1", at(1)).await;
        started(&world, "ana").await;
        assert!(!has_no_inflight_call(&world, &id, at(2)).await);
        let mut tx = world.begin().await;
        leases::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!has_no_inflight_call(&world, &id, at(2)).await, "calls of a dead process may still arrive");
        if world.is_sqlite() {
            assert!(!has_no_inflight_call(&world, &id, at(11)).await, "the lease is over, its last call may not be");
            assert!(has_no_inflight_call(&world, &id, at(12)).await);
        }
        let mut tx = world.begin().await;
        leases::passes::release_revoked(&mut tx, &Lease { owner: "another".into(), ..held.lease.clone() }).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!has_no_inflight_call(&world, &id, at(2)).await);
        let mut tx = world.begin().await;
        leases::passes::release_revoked(&mut tx, &held.lease).await.unwrap();
        tx.commit().await.unwrap();
        assert!(has_no_inflight_call(&world, &id, at(2)).await);
    }

    async fn a_refresh_under_way_is_not_quiet(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let mut tx = world.begin().await;
        assert!(integrations::claim_refresh(&mut tx, &id, 1, LEASE, at(2)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!has_no_inflight_call(&world, &id, at(4)).await);
        world.raw().await.set(&id, "refresh_claimed_until", "1").await;
        assert!(has_no_inflight_call(&world, &id, at(5)).await, "its holder died");
    }

    async fn what_may_be_at_google_is_told_page_by_page(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        for item in ["a", "b", "c"] {
            world.put(&task(item), &task_body("ana", "Read"), at(1)).await;
            let mut due = world.due(&id, at(1)).await.pop().unwrap();
            let here = address("calendar", &format!("event-{item}"));
            due.mapping = standing(EventState::Present { address: here, copy: copy() });
            if item == "c" {
                due.mapping.on_insert_sent(address("work", "event-c2"));
            }
            let again = End::Retry { due_at: at(1), failures: 0, reason: None };
            let mut tx = world.begin().await;
            mappings::finish(&mut tx, &id, &[(&due, again)], at(1)).await.unwrap();
            tx.commit().await.unwrap();
        }
        world.put(&task("never-told"), &task_body("ana", "Read"), at(1)).await;
        let mut tx = world.begin().await;
        assert_eq!(mappings::count_at_google(&mut tx, &id).await.unwrap(), 3);
        let first = mappings::at_google(&mut tx, &id, "calendar", None, 2).await.unwrap();
        assert_eq!(first.iter().map(|one| one.google_id.as_str()).collect::<Vec<_>>(), ["event-a", "event-b"]);
        let rest = mappings::at_google(&mut tx, &id, "calendar", first.last(), 2).await.unwrap();
        assert_eq!((rest.len(), &rest[0].item), (1, &task("c")), "it moves away");
        let work = mappings::at_google(&mut tx, &id, "work", None, 9).await.unwrap();
        assert_eq!((work.len(), work[0].google_id.as_str()), (1, "event-c2"));

        drop(tx);
        let mut tx = world.begin().await;
        for (gone, left) in [("event-b", [2, 1]), ("event-c", [1, 1]), ("event-c2", [1, 0])] {
            mappings::mark_deleted(&mut tx, &id, gone).await.unwrap();
            for (calendar, left) in ["calendar", "work"].into_iter().zip(left) {
                assert_eq!(mappings::count_in_calendar(&mut tx, &id, calendar).await.unwrap(), left);
            }
        }
        assert_eq!(mappings::count_at_google(&mut tx, &id).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("remote_events", "google_id = 'event-a'").await, 1);
        assert_eq!(world.raw().await.count("remote_events", "TRUE").await, 1, "what is gone is forgotten");
    }

    async fn who_shares_an_account_is_known(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben"] {
            world.consented(user, "shared", CalendarChoice::New).await;
        }
        world.consented("cho", "own", CalendarChoice::New).await;
        let mut tx = world.read().await;
        let sharing = integrations::of_account(&mut tx, "google", "shared").await.unwrap();
        let users: Vec<_> = sharing.iter().map(|one| one.user_id.as_str()).collect();
        assert_eq!(users, ["ana", "ben"]);
        assert_eq!(integrations::of_account(&mut tx, "zoom", "shared").await.unwrap(), []);
    }
}
