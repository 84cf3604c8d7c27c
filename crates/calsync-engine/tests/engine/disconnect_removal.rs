//! Whose events a removal takes, and whose it leaves.

use calsync_core::integration::CalendarChoice;
use calsync_engine::connect::CallbackResult;
use calsync_engine::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use serde_json::{Value, json};

/// `user` with tasks in their own calendar `team-USER`.
pub(crate) async fn synced_to_their_own(world: &World, user: &str, tasks: usize) -> String {
    let calendar_id = format!("team-{user}");
    world.account(user);
    world.put_tasks(user, tasks, "").await;
    let connected = world.connect(user, &email(user), CalendarChoice::Existing).await;
    let CallbackResult::Connected { integration_id, .. } = connected else { panic!("{connected:?}") };
    world.choose_calendar(&integration_id, &calendar_id).await;
    world.sync().await;
    assert_eq!(world.events(user, true).len(), tasks);
    calendar_id
}

pub(crate) fn theirs(summary: &str) -> Value {
    json!({"summary": summary, "start": {"date": "2024-03-20"}, "end": {"date": "2024-03-21"}})
}

fn removal(saga: &calsync_engine::disconnect::Saga) -> (StepOutcome, &str) {
    let step = saga.step(StepName::RemoveItems).unwrap();
    (step.outcome, step.receipt.as_str())
}

on_both_databases! {
    async fn in_a_users_own_calendar_only_ours_go(db: TestDatabase) {
        let world = World::new(db).await;
        let calendar_id = synced_to_their_own(&world, "ana", 120).await;
        for number in 0..3 {
            let event = theirs(&format!("Dentist {number}"));
            world.google.user_inserts_event(&email("ana"), &calendar_id, &event).unwrap();
        }
        let foreign = |world: &World| {
            let mut all = world.events("ana", false);
            all.retain(|event| event["summary"].as_str().unwrap().starts_with("Dentist"));
            all
        };
        let before = foreign(&world);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::Done);
        let gone = "120 items are removed; a list shows nothing of ours left.";
        assert_eq!(removal(&saga), (StepOutcome::Done, gone));
        assert_eq!(world.events("ana", false), before, "byte for byte");
        assert_eq!(before.len(), 3);

        let again = world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let CallbackResult::Connected { integration_id, needs_calendar: true, .. } = again else { panic!("{again:?}") };
        world.choose_calendar(&integration_id, &calendar_id).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 120, "synced again, nothing doubled");
    }

    async fn a_copy_that_the_user_made_is_theirs(db: TestDatabase) {
        let world = World::new(db).await;
        let calendar_id = synced_to_their_own(&world, "ana", 2).await;
        let mut copy = world.events("ana", true).remove(0);
        for field in ["id", "iCalUID", "etag", "htmlLink", "calendar_id", "account"] {
            copy.as_object_mut().unwrap().remove(field);
        }
        let copy = world.google.user_inserts_event(&email("ana"), &calendar_id, &copy).unwrap();
        assert!(!copy["extendedProperties"]["private"]["calsync_item"].is_null(), "the stamp went with it");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(removal(&saga).0, StepOutcome::Done);
        let left = world.events("ana", false);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["id"], copy["id"]);
    }

    async fn an_event_that_lost_its_stamp_is_found_by_its_mapping(db: TestDatabase) {
        let world = World::new(db).await;
        let calendar_id = synced_to_their_own(&world, "ana", 2).await;
        let event = world.events("ana", true).remove(0);
        let bare: serde_json::Map<String, Value> = event["extendedProperties"]["private"]
            .as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
        let bare = json!({"extendedProperties": {"private": bare}});
        let id = event["id"].as_str().unwrap();
        world.google.user_edits_event(&email("ana"), &calendar_id, id, &bare).unwrap();
        assert_eq!(world.events("ana", true).len(), 1);
        assert_eq!(world.disconnect("ana", RemoteItems::Remove).await.state, SagaState::Done);
        assert_eq!(world.events("ana", false).len(), 0);
    }

    async fn a_calendar_of_ours_stays_if_the_user_keeps_something_there(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let calendar_id = world.integration("ana").await.target_calendar_id.unwrap();
        world.google.user_inserts_event(&email("ana"), &calendar_id, &theirs("Dentist")).unwrap();
        let before: Vec<Value> = world.events("ana", false);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        let gone = "3 items are removed; a list shows nothing of ours left.";
        assert_eq!(removal(&saga), (StepOutcome::Done, gone));
        let left = world.events("ana", false);
        assert_eq!(left.len(), 1);
        assert!(before.contains(&left[0]), "untouched");
    }

    async fn a_calendar_of_ours_that_the_user_removed_is_nothing_to_remove(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let calendar_id = world.integration("ana").await.target_calendar_id.unwrap();
        let token = world.google.access_token(&email("ana")).unwrap();
        let deleted = world.engine.google().client().delete_calendar(&token.into(), &calendar_id).await;
        assert!(deleted.is_ok(), "{deleted:?}");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!((saga.state, removal(&saga).0), (SagaState::Done, StepOutcome::AlreadySo));
    }
}
