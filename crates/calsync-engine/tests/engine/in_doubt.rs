//! An event isn't there: was it removed, or its whole calendar? That question has three answers, and from
//! "can't tell" nothing follows.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};

use crate::disconnect::fault;

/// What Google may do with the question, other than answer it.
fn troubles() -> [(&'static str, FaultEffect); 7] {
    let reason = |reason: &str| FaultEffect { reason: Some(reason.into()), ..FaultEffect::default() };
    [
        ("unavailable", reason("backendError")),
        ("the user's rate", reason("userRateLimitExceeded")),
        ("the project's rate", reason("rateLimitExceeded")),
        ("scope", reason("insufficientPermissions")),
        ("closed", reason("forbidden")),
        ("lost", FaultEffect { lose_response: true, ..FaultEffect::default() }),
        ("garbled", FaultEffect { garble: true, ..FaultEffect::default() }),
    ]
}

/// The question meets `trouble`.
fn asked(trouble: &FaultEffect) -> FaultRule {
    let matches = FaultMatch { method: Some("events.list".into()), ..FaultMatch::default() };
    FaultRule { matches, effect: trouble.clone(), ..FaultRule::default() }
}

/// Google forgets for a while that the events of ours are there, and the question meets `trouble`.
async fn forgotten(world: &World, trouble: &FaultEffect, meanwhile: impl AsyncFnOnce()) {
    let methods = ["events.update", "events.delete", "events.get"];
    let mut faults: Vec<FaultRule> = methods.iter().map(|method| fault(method, 404, None)).collect();
    faults.push(asked(trouble));
    world.google.set_faults(faults);
    meanwhile().await;
    for _ in 0..3 {
        world.pass().await;
        world.advance(10);
    }
    let integration = world.integration("ana").await;
    assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
    assert_eq!(world.count("sync_mappings", "event_state IN ('deleted_by_user', 'deleted')").await, 0);
    assert_ne!(world.count("calendar_sync_logs", "operation = 'list' AND outcome <> 'done'").await, 0);
    let asked = world.requests("events.list");
    assert!((1..=4).contains(&asked), "{asked} questions within half a minute");
    world.google.set_faults(Vec::new());
    world.advance(4_000);
    world.sync().await;
}

fn titles(world: &World) -> Vec<String> {
    world.events("ana", true).iter().map(|event| event["summary"].as_str().unwrap().to_owned()).collect()
}

on_both_databases! {
    async fn an_update_of_what_isnt_there_waits_for_an_answer(db: TestDatabase) {
        for (name, trouble) in troubles() {
            let world = World::new(TestDatabase::new(db.kind)).await;
            world.synced("ana", 1).await;
            forgotten(&world, &trouble, async || world.put_tasks("ana", 1, "changed").await).await;
            assert_eq!(titles(&world), ["Task 0 changed"], "{name}");
        }
    }

    async fn a_delete_of_what_isnt_there_waits_for_an_answer(db: TestDatabase) {
        for (name, trouble) in troubles() {
            let world = World::new(TestDatabase::new(db.kind)).await;
            world.synced("ana", 1).await;
            let off = async || world.put_task("ana", 0, "", "cancelled").await;
            forgotten(&world, &trouble, off).await;
            assert_eq!(titles(&world), [""; 0], "{name}: it is removed");
            world.put_task("ana", 0, "", "active").await;
            world.sync().await;
            assert_eq!(titles(&world), ["Task 0"], "{name}: and not by the user");
        }
    }

    async fn what_is_to_leave_an_old_calendar_waits_for_an_answer(db: TestDatabase) {
        for (name, trouble) in troubles() {
            let world = World::new(TestDatabase::new(db.kind)).await;
            world.synced("ana", 1).await;
            world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
            world.sync().await;
            let integration_id = world.integration("ana").await.id;
            world.choose_calendar(&integration_id, "team-ana").await;
            world.pass().await;
            assert_eq!(titles(&world).len(), 2, "{name}: made anew, not removed yet");
            forgotten(&world, &trouble, async || {}).await;
            assert_eq!(titles(&world).len(), 1, "{name}: nothing is left behind");
            assert_eq!(world.google.events("team-ana").len(), 1, "{name}");
        }
    }

    async fn an_insert_into_a_calendar_that_google_denies_for_a_while_is_made_later(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        for (number, (name, trouble)) in troubles().into_iter().enumerate() {
            world.google.set_faults(vec![fault("events.insert", 404, None), asked(&trouble)]);
            world.put_tasks("ana", 2 + number, "").await;
            world.pass().await;
            assert_eq!(world.integration("ana").await.state, IntegrationState::Active, "{name}");
            // Now it answers that the calendar is there, and refuses the insert once more.
            world.google.set_faults(vec![fault("events.insert", 404, Some(1))]);
            world.advance(4_000);
            world.pass().await;
            assert_eq!(world.integration("ana").await.state, IntegrationState::Active, "{name}");
            world.advance(4_000);
            world.sync().await;
            assert_eq!(titles(&world).len(), 2 + number, "{name}");
        }
        assert_eq!(world.requests("events.get"), 0, "what was refused is not looked for");
    }

    async fn the_question_needs_no_list_of_calendars(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let unticked = FaultEffect { reason: Some("insufficientPermissions".into()), ..FaultEffect::default() };
        let rule = |method: &str| FaultRule {
            matches: FaultMatch { method: Some(method.into()), ..FaultMatch::default() },
            effect: unticked.clone(),
            ..FaultRule::default()
        };
        world.google.set_faults(vec![rule("calendarList.get"), rule("calendarList.list")]);
        let own = world.integration("ana").await.target_calendar_id.unwrap();
        world.lose_calendar("ana", &own).await;
        world.put_task("ana", 0, "changed", "active").await;
        world.put_task("ana", 1, "", "cancelled").await;
        world.sync().await;
        let integration = world.integration("ana").await;
        assert_eq!(integration.state, IntegrationState::NeedsAction);
        assert_eq!(integration.reason, Some(Reason::CalendarGone));
        assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 0);

        assert_eq!(target_calendar::change(&world.engine, &integration.id, &TargetChoice::Own).await.unwrap(), RetargetResult::Done);
        world.google.set_faults(Vec::new());
        world.sync().await;
        assert_eq!(titles(&world), ["Task 0 changed"]);
    }

    async fn a_stray_refusal_of_a_delete_is_asked_again(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.google.set_faults(vec![fault("events.delete", 404, Some(1))]);
        world.put_task("ana", 0, "", "cancelled").await;
        world.sync().await;
        assert_eq!(titles(&world), [""; 0]);
        assert_eq!(world.count("sync_mappings", "event_state = 'deleted'").await, 1);
    }
}
