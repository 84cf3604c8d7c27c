//! What is recorded is forgotten by its age, in batches.

use std::collections::BTreeSet;

use calsync_core::ids::new_id;
use calsync_core::integration::CalendarChoice;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt};
use calsync_store::consent::{self, NewAttempt};
use calsync_store::refusals::{self, Refusal};
use calsync_testing::{SeededRng, on_both_databases};

use crate::world::{World, at};

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

on_both_databases! {
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
        assert_eq!(refusals::since(&mut tx, at(0), None, 9).await.unwrap().len(), 1);
        assert_eq!(consent::attempts(&mut tx, "ana", 9).await.unwrap().len(), 1);
    }
}
