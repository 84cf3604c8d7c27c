//! A user goes over to another calendar, and everything that was synced goes along.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_engine::disconnect::{RemoteItems, SagaState};
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_simulator::Simulator;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use serde_json::{Value, json};

/// Everything that these stories need of `user`: a calendar of ours with tasks, and the consent to go
/// over to one of theirs.
async fn synced(world: &World, user: &str, tasks: usize) -> String {
    world.synced(user, tasks).await;
    let integration_id = world.integration(user).await.id;
    world.connect(user, &email(user), CalendarChoice::Existing).await;
    world.sync().await;
    integration_id
}

async fn change(world: &World, user: &str, wanted: TargetChoice) -> RetargetResult {
    let integration_id = world.integration(user).await.id;
    target_calendar::change(&world.engine, &integration_id, &wanted).await.unwrap()
}

fn team(user: &str) -> TargetChoice {
    TargetChoice::Existing(format!("team-{user}"))
}

/// The live events of ours in one calendar.
fn ours_in(google: &Simulator, calendar_id: &str) -> Vec<Value> {
    let events = google.events(calendar_id).into_iter();
    let is_ours = |event: &Value| !event["extendedProperties"]["private"]["calsync_item"].is_null();
    events.filter(|event| event["status"] != "cancelled" && is_ours(event)).collect()
}

fn has_calendar(world: &World, calendar_id: &str) -> bool {
    let state = world.google.state();
    state["calendars"].as_array().unwrap().iter().any(|calendar| calendar["id"] == calendar_id)
}

async fn target(world: &World, user: &str) -> String {
    world.integration(user).await.target_calendar_id.unwrap()
}

/// Attempts that were told as left behind.
async fn left_behind(world: &World) -> i64 {
    world.count("calendar_sync_logs", "reason = 'left_behind'").await
}

on_both_databases! {
    async fn what_a_user_made_of_a_session_meanwhile_is_kept_in_full(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 0).await;
        let session = json!({"user_ids": ["ana"], "title": "Talk", "status": "active",
            "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"});
        world.put(ItemKind::Session, "talk", &session).await;
        world.sync().await;
        let own = target(&world, "ana").await;
        let id = ours_in(&world.google, &own)[0]["id"].as_str().unwrap().to_owned();
        world.google.user_edits_event(&email("ana"), &own, &id, &json!({"summary": "Mine"})).unwrap();
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::Done);
        world.sync().await;
        let there = ours_in(&world.google, "team-ana");
        assert_eq!((there.len(), there[0]["summary"].as_str()), (1, Some("Talk")));
        assert!(!has_calendar(&world, &own));
        let kept = r#"field = 'title' AND before = '"Talk"' AND after = '"Mine"' AND verdict = 'undone'"#;
        assert_eq!((world.count("user_edits", kept).await, world.count("user_edits", "TRUE").await), (1, 1));
    }

    async fn everything_moves_and_the_calendar_of_ours_goes(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 12).await;
        let own = target(&world, "ana").await;
        let edit = json!({"colorId": "5", "description": "Bring tea", "reminders":
            {"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]},
            "attendees": [{"email": "ben@example.org"}]});
        for event in ours_in(&world.google, &own) {
            world.google.user_edits_event(&email("ana"), &own, event["id"].as_str().unwrap(), &edit).unwrap();
        }
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::Done);
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::AlreadySo);
        world.sync().await;

        let moved = ours_in(&world.google, "team-ana");
        assert_eq!(moved.len(), 12);
        for event in &moved {
            assert_eq!(event["colorId"], "5");
            assert_eq!(event["reminders"], edit["reminders"]);
            assert_eq!(event["attendees"][0]["email"], "ben@example.org");
            assert!(event["description"].as_str().unwrap().contains("Bring tea"), "{event}");
        }
        assert!(!has_calendar(&world, &own), "nothing of the user's was in it");
        assert_eq!(left_behind(&world).await, 0);
        let after = world.integration("ana").await;
        assert!(!after.leaves_own_calendar && after.state == IntegrationState::Active);

        world.put_tasks("ana", 12, "again").await;
        world.sync().await;
        assert_eq!(ours_in(&world.google, "team-ana").len(), 12, "and is kept there");
        assert!(ours_in(&world.google, "team-ana")[0]["summary"].as_str().unwrap().ends_with("again"));
    }

    async fn a_way_back_and_forth_ends_where_it_should(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 3).await;
        for (wanted, calendar) in [
            (team("ana"), "team-ana"),
            (TargetChoice::Existing(email("ana")), "ana@example.org"),
            (team("ana"), "team-ana"),
            (TargetChoice::Existing(email("ana")), "ana@example.org"),
        ] {
            assert_eq!(change(&world, "ana", wanted).await, RetargetResult::Done);
            world.sync().await;
            assert_eq!((world.events("ana", true).len(), ours_in(&world.google, calendar).len()), (3, 3));
        }
        assert_eq!(change(&world, "ana", TargetChoice::Own).await, RetargetResult::Done);
        world.sync().await;
        let own = target(&world, "ana").await;
        assert_eq!((world.events("ana", true).len(), ours_in(&world.google, &own).len()), (3, 3));
    }

    async fn a_calendar_of_ours_stays_with_what_the_user_keeps_there(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 2).await;
        let own = target(&world, "ana").await;
        let theirs = json!({"summary": "Dentist", "start": {"date": "2024-03-20"}, "end": {"date": "2024-03-21"}});
        world.google.user_inserts_event(&email("ana"), &own, &theirs).unwrap();
        change(&world, "ana", team("ana")).await;
        world.sync().await;
        assert!(has_calendar(&world, &own));
        assert_eq!(ours_in(&world.google, &own).len(), 0);
        assert_eq!(world.events("ana", false).len(), 3);
        assert_eq!(world.disconnect("ana", RemoteItems::Remove).await.state, SagaState::Done);
        assert_eq!(world.events("ana", false).len(), 1);
    }

    async fn what_was_removed_in_google_stays_away(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 3).await;
        let own = target(&world, "ana").await;
        let gone = ours_in(&world.google, &own).remove(0);
        world.google.user_deletes_event(&email("ana"), &own, gone["id"].as_str().unwrap()).unwrap();
        world.advance(1);
        change(&world, "ana", team("ana")).await;
        world.sync().await;
        assert_eq!((world.events("ana", true).len(), ours_in(&world.google, "team-ana").len()), (2, 2));
        assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 1);
    }

    async fn what_a_closed_calendar_keeps_is_told_once(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 2).await;
        change(&world, "ana", team("ana")).await;
        world.sync().await;
        world.set_access_role("ana", "team-ana", Some("reader")).await;
        change(&world, "ana", TargetChoice::Existing(email("ana"))).await;
        world.sync().await;
        assert_eq!(ours_in(&world.google, &email("ana")).len(), 2);
        assert_eq!(ours_in(&world.google, "team-ana").len(), 2, "we may not remove them");
        assert_eq!(left_behind(&world).await, 2);
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);

        let calls = world.transport.calls();
        world.advance(4_000);
        world.sync().await;
        assert_eq!(world.transport.calls(), calls, "nobody tries again");
        world.set_access_role("ana", "team-ana", Some("owner")).await;
        assert_eq!(world.disconnect("ana", RemoteItems::Remove).await.state, SagaState::Done);
        assert_eq!(world.events("ana", true).len(), 0, "a disconnect does");
    }

    async fn a_calendar_that_is_gone_is_no_removal_of_what_was_there(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 3).await;
        let own = target(&world, "ana").await;
        let token = world.google.access_token(&email("ana")).unwrap();
        world.engine.google().client().delete_calendar(&token.into(), &own).await.unwrap();
        world.put_tasks("ana", 1, "changed").await;
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::NeedsAction);
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::Done);
        world.sync().await;
        assert_eq!(ours_in(&world.google, "team-ana").len(), 3);
        assert_eq!((world.integration("ana").await.state, left_behind(&world).await), (IntegrationState::Active, 0));
    }

    async fn only_a_calendar_that_we_may_write_to_becomes_the_target(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let RetargetResult::ScopeMissing(missing) = change(&world, "ana", team("ana")).await else {
            panic!("the consent was for a calendar of ours")
        };
        assert_eq!(missing, ["https://www.googleapis.com/auth/calendar.events"]);
        assert_eq!(change(&world, "ana", TargetChoice::Own).await, RetargetResult::AlreadySo);
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let nowhere = TargetChoice::Existing("nowhere".into());
        assert_eq!(change(&world, "ana", nowhere).await, RetargetResult::NotFound);
        world.set_access_role("ana", "team-ana", Some("reader")).await;
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::ReadOnly);
        let unknown = target_calendar::change(&world.engine, "nobody", &TargetChoice::Own).await.unwrap();
        assert_eq!(unknown, RetargetResult::NotConnected);
        world.disconnect("ana", RemoteItems::Keep).await;
        assert_eq!(change(&world, "ana", team("ana")).await, RetargetResult::NotConnected);
    }

    async fn a_disconnect_in_the_middle_removes_both_ends(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 4).await;
        change(&world, "ana", team("ana")).await;
        world.pass().await;
        assert_eq!(world.events("ana", true).len(), 8, "made anew, not removed yet");
        assert_eq!(world.disconnect("ana", RemoteItems::Remove).await.state, SagaState::Done);
        assert_eq!(world.events("ana", false).len(), 0);
    }

    async fn what_the_user_does_to_the_old_event_meanwhile_is_done_to_the_new_one(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana", 1).await;
        let own = target(&world, "ana").await;
        change(&world, "ana", team("ana")).await;
        world.pass().await;
        let old = ours_in(&world.google, &own).remove(0);
        let edit = json!({"colorId": "7", "summary": "My own title"});
        world.google.user_edits_event(&email("ana"), &own, old["id"].as_str().unwrap(), &edit).unwrap();
        world.sync().await;
        let [new] = &ours_in(&world.google, "team-ana")[..] else { panic!("one is there") };
        assert_eq!((new["colorId"].as_str(), new["summary"].as_str()), (Some("7"), Some("My own title")));
        assert!(!has_calendar(&world, &own));
    }
}
