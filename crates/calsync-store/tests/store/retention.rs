//! What is recorded is forgotten by its age, in batches.

use std::collections::BTreeSet;

use calsync_core::disconnect::SagaState;
use calsync_core::ids::new_id;
use calsync_core::integration::CalendarChoice;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt};
use calsync_store::clean_ups::{self, CleanUp, ConsentState};
use calsync_store::consent::{self, NewAttempt};
use calsync_store::refusals::{self, Refusal};
use calsync_store::{deleted_items, disconnects};
use calsync_testing::{SeededRng, on_both_databases};

use crate::disconnects::{started, synced};
use crate::world::{World, at, task, task_body};

/// An attempt of each minute, every other of which failed.
async fn ten_attempts(world: &World, rng: &SeededRng) {
    let attempt = |minute: i64| Attempt {
        id: new_id(at(minute), rng),
        at: at(minute),
        user_id: "ana".into(),
        integration_id: "integration-of-ana".into(),
        item: None,
        operation: Operation::Update,
        outcome: if minute % 2 == 0 { Outcome::Done } else { Outcome::Refused },
        reason: (minute % 2 == 1).then_some(Reason::ItemRefused),
        http_status: None,
        provider_reason: None,
        provider_message: None,
        trace_id: "trace".into(),
    };
    let mut tx = world.begin().await;
    attempts::record_all(&mut tx, &(0..10).map(attempt).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
}

/// The minutes of the attempts that are still there.
async fn minutes(world: &World) -> Vec<i64> {
    let found = attempts::of_user(&mut world.read().await, "ana", 20).await.unwrap();
    let mut minutes: Vec<i64> =
        found.iter().map(|attempt| attempt.at.duration_since(at(0)).as_secs() / 60).collect();
    minutes.sort_unstable();
    minutes
}

/// Forgets up to two items that were deleted before `minute`; how many.
async fn forget_items(world: &World, minute: i64) -> u64 {
    let mut tx = world.begin().await;
    let forgotten = deleted_items::forget(&mut tx, at(minute), 2).await.unwrap();
    tx.commit().await.unwrap();
    forgotten
}

on_both_databases! {
    async fn a_deleted_item_goes_once_no_calendar_may_have_it(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        for (minute, id) in [(2, "b"), (3, "c"), (4, "kept")] {
            world.put(&task(id), &task_body("ana", id), at(minute)).await;
        }
        for (minute, id) in [(5, "ana"), (6, "b"), (7, "c")] {
            world.delete(&task(id), at(minute)).await;
        }
        assert_eq!(forget_items(&world, 9).await, 0, "they are to go from the calendar");
        let mut raw = world.raw().await;
        raw.run("UPDATE sync_mappings SET sync_state = 'removed', synced_desired_revision = desired_revision").await;
        assert_eq!(forget_items(&world, 9).await, 2, "the others were never there");
        let gone = "UPDATE sync_mappings SET event_state = 'deleted', calendar_id = NULL, google_id = NULL, generation = NULL,
            etag = NULL WHERE item_id = 'ana'";
        raw.run(gone).await;
        assert_eq!((forget_items(&world, 5).await, forget_items(&world, 9).await), (0, 1));
        for table in ["items", "item_users", "sync_mappings"] {
            assert_eq!(raw.count(table, "item_id = 'kept'").await, 1, "{table}");
            assert_eq!(raw.count(table, "TRUE").await, 1, "{table}");
        }
        assert_eq!(forget_items(&world, 9).await, 0);
    }

    async fn ended_disconnects_go_by_how_and_when_they_ended(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let done = started(&world, "ana").await;
        synced(&world, "ben").await;
        let left = started(&world, "ben").await;
        world.connected("cho").await;
        let running = started(&world, "cho").await;
        let new = CleanUp { id: "clean-up".into(), disconnect_id: left.id.clone(), user_id: "ben".into(),
            expires_at: at(9), is_begun: false, ended_at: None, reason: None };
        let verifier = "the-verifier".into();
        let consent = ConsentState { state: "s", browser: "b", verifier: &verifier, expires_at: at(30) };
        let mut tx = world.begin().await;
        disconnects::keep_leftovers(&mut tx, &left).await.unwrap();
        clean_ups::create(&mut tx, &new, "token", at(4)).await.unwrap();
        assert!(clean_ups::begin(&world.store, &mut tx, &new, &consent, at(5)).await.unwrap());
        assert_eq!(clean_ups::wipe_verifiers(&mut tx, at(29), 9).await.unwrap(), 0);
        assert_eq!(clean_ups::wipe_verifiers(&mut tx, at(30), 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut raw = world.raw().await;
        for (saga, state) in [(&done, "done"), (&left, "done_with_leftovers")] {
            let ended = format!("state = '{state}', ended_at = {}", at(5).as_microsecond());
            raw.run(&format!("UPDATE disconnects SET {ended} WHERE id = '{}'", saga.id)).await;
        }
        let mut tx = world.begin().await;
        for (state, minute, forgotten) in [
            (SagaState::Done, 5, 0),
            (SagaState::Done, 6, 1),
            (SagaState::DoneWithLeftovers, 6, 1),
            (SagaState::Done, 6, 0),
        ] {
            let found = disconnects::forget(&mut tx, state, at(minute), 9).await.unwrap();
            assert_eq!(found, forgotten, "{state:?} before {minute}");
        }
        assert!(disconnects::get(&mut tx, &running.id).await.unwrap().is_some());
        tx.commit().await.unwrap();
        for table in ["disconnect_leftovers", "clean_ups", "disconnect_steps"] {
            assert_eq!(raw.count(table, "TRUE").await, 0, "{table}");
        }
    }

    async fn successes_go_first_and_failures_by_their_age(db: TestDatabase) {
        let world = World::new(db).await;
        ten_attempts(&world, &SeededRng::new(1)).await;
        let mut tx = world.begin().await;
        assert_eq!(attempts::forget_successes(&mut tx, at(8), 3).await.unwrap(), 3, "a batch");
        assert_eq!(attempts::forget_successes(&mut tx, at(8), 3).await.unwrap(), 1, "the rest");
        assert_eq!(attempts::forget_successes(&mut tx, at(8), 3).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(minutes(&world).await, [1, 3, 5, 7, 8, 9]);
        let mut tx = world.begin().await;
        assert_eq!(attempts::forget(&mut tx, at(5), 1).await.unwrap(), 1, "the oldest first");
        assert_eq!(attempts::forget(&mut tx, at(5), 9).await.unwrap(), 1);
        assert_eq!(attempts::forget_successes(&mut tx, at(9), 3).await.unwrap(), 1, "it goes on where it ended");
        tx.commit().await.unwrap();
        assert_eq!(minutes(&world).await, [5, 7, 9]);
    }

    async fn refusals_and_attempts_to_connect_go_by_their_age(db: TestDatabase) {
        let world = World::new(db).await;
        let rng = SeededRng::new(2);
        let mut tx = world.begin().await;
        for minute in 0..4 {
            let refusal = Refusal {
                id: new_id(at(minute), &rng),
                at: at(minute),
                key_name: "platform".into(),
                kind: None,
                item_id: None,
                user_id: Some("ana".into()),
                status: 422,
                errors: Vec::new(),
            };
            refusals::record(&mut tx, &refusal).await.unwrap();
            let new = NewAttempt {
                id: &new_id(at(minute), &rng),
                user_id: "ana",
                state: &format!("state-{minute}"),
                browser: "her-browser",
                verifier: &"the-verifier".into(),
                calendar_choice: CalendarChoice::New,
                target_calendar: None,
                scopes: &BTreeSet::new(),
                return_url: None,
                expires_at: at(minute + 30),
            };
            consent::begin(&world.store, &mut tx, new, at(minute)).await.unwrap();
        }
        assert_eq!(refusals::forget(&mut tx, at(3), 2).await.unwrap(), 2);
        assert_eq!(refusals::forget(&mut tx, at(3), 2).await.unwrap(), 1);
        assert_eq!(consent::forget_attempts(&mut tx, at(3), 2).await.unwrap(), 2);
        assert_eq!(consent::forget_attempts(&mut tx, at(3), 2).await.unwrap(), 1);
        assert_eq!(consent::wipe_verifiers(&mut tx, at(32), 9).await.unwrap(), 0, "back in time it may still be");
        assert_eq!(consent::wipe_verifiers(&mut tx, at(33), 9).await.unwrap(), 1);
        assert_eq!(consent::wipe_verifiers(&mut tx, at(33), 9).await.unwrap(), 0);
        assert_eq!(refusals::since(&mut tx, at(0), None, 9).await.unwrap().len(), 1);
        assert_eq!(consent::attempts(&mut tx, "ana", 9).await.unwrap().len(), 1);
    }
}
