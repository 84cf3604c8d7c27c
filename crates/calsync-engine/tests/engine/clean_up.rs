//! What a disconnect left because its grant was dead is removed by a second consent, and by nothing
//! else.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::EngineError;
use calsync_engine::consent::CallbackResult;
use calsync_engine::consent::clean_up;
use calsync_engine::disconnect::{self, RemoteItems, Saga, SagaState, StepName};
use calsync_simulator::RevokeCause;
use calsync_store::{disconnects, overview};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email, summary};
use jiff::Timestamp;

use crate::disconnect::{ALL_DONE, fault};
use crate::disconnect_crashes::{WAITS_MAX, WAITS_MIN, killed_after};
use crate::disconnect_removal::{synced_to_their_own, theirs};

/// Secrets that a clean-up may hold.
const SECRETS: &str = "verifier IS NOT NULL OR access_token IS NOT NULL OR refresh_token IS NOT NULL";

/// `user`'s grant dies, then they are disconnected.
async fn left_over(world: &World, user: &str) -> Saga {
    world.google.revoke(&email(user), RevokeCause::User);
    let saga = world.disconnect(user, RemoteItems::Remove).await;
    assert_eq!(saga.state, SagaState::DoneWithLeftovers);
    saga
}

async fn leftovers(world: &World, saga: &Saga) -> Vec<String> {
    let mut tx = world.engine.store().read().await.unwrap();
    let left = disconnects::leftovers(&mut tx, &saga.id, None, None, 100).await.unwrap();
    let mut names: Vec<_> = left.into_iter().map(|one| one.item.to_string()).collect();
    names.sort();
    names
}

/// Why the clean-up of `browser` removed nothing.
async fn reason(world: &World, browser: &str) -> Option<Reason> {
    let status = clean_up::status(&world.engine, browser).await.unwrap().unwrap();
    assert!(status.clean_up.ended_at.is_some());
    status.clean_up.reason
}

async fn completeness(world: &World) -> (i64, i64, i64) {
    let mut tx = world.engine.store().read().await.unwrap();
    let counted = overview::disconnects(&mut tx, Timestamp::UNIX_EPOCH).await.unwrap();
    (counted.disconnects, counted.verified_clean, counted.leftovers)
}

on_both_databases! {
    async fn what_was_left_goes_and_nothing_is_kept(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let saga = left_over(&world, "ana").await;
        assert_eq!(leftovers(&world, &saga).await, ["task:ana-0", "task:ana-1", "task:ana-2"]);
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!(summary(&saga), ALL_DONE);
        assert_eq!(
            saga.step(StepName::RemoveItems).unwrap().receipt,
            "Google has ended our access. 0 removed, 3 may be left: task:ana-0, task:ana-1, task:ana-2. \
             At the clean-up: The calendar that we made is removed, with 3 items."
        );
        assert_eq!(leftovers(&world, &saga).await, [""; 0]);
        assert_eq!(world.events("ana", false).len(), 0);
        assert!(!world.has_grant("ana"));
        assert_eq!(world.count("clean_ups", SECRETS).await, 0);
        assert_eq!(world.integration("ana").await.state, IntegrationState::Disconnected);
        assert_eq!(world.clean_up_link("ana").await, None, "nothing is left");

        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 3, "a new connection starts anew");
    }

    async fn in_a_users_own_calendar_only_ours_go(db: TestDatabase) {
        let world = World::new(db).await;
        let calendar_id = synced_to_their_own(&world, "ana", 60).await;
        world.google.user_inserts_event(&email("ana"), &calendar_id, &theirs("Dentist")).unwrap();
        let saga = left_over(&world, "ana").await;
        let mut foreign = world.events("ana", false);
        foreign.retain(|event| event["summary"] == "Dentist");
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!(summary(&saga), ALL_DONE);
        let removal = &saga.step(StepName::RemoveItems).unwrap().receipt;
        assert!(removal.ends_with("60 items are removed; a list shows nothing of ours left."), "{removal}");
        assert_eq!(world.events("ana", false), foreign, "byte for byte");
    }

    async fn a_calendar_of_ours_that_was_left_for_one_of_theirs_goes_too(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let integration = world.integration("ana").await;
        world.choose_calendar(&integration.id, "team-ana").await;
        let saga = left_over(&world, "ana").await;
        assert_eq!(summary(&world.clean_up("ana", &saga.id).await), ALL_DONE);
        let calendars = world.google.state()["calendars"].clone();
        let own = integration.target_calendar_id.unwrap();
        assert!(calendars.as_array().unwrap().iter().all(|one| one["id"] != *own), "{calendars}");
    }

    async fn with_another_account_nothing_is_removed(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = left_over(&world, "ana").await;
        let link = world.clean_up_link("ana").await.unwrap();
        world.account("eva");
        let browser = world.consent_to_clean_up("ana", &link, &email("eva")).await;
        assert_eq!(reason(&world, &browser).await, Some(Reason::OtherAccount));
        assert_eq!(world.saga(&saga.id).await, saga);
        assert_eq!(world.events("ana", true).len(), 2);
        assert!(!world.has_grant("eva"), "what was of no use was given back");
        assert_eq!(world.count("clean_ups", SECRETS).await, 0);
        assert_eq!(summary(&world.clean_up("ana", &saga.id).await), ALL_DONE, "another link works");
    }

    async fn another_account_that_is_connected_keeps_its_grant(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.synced("eva", 1).await;
        left_over(&world, "ana").await;
        let link = world.clean_up_link("ana").await.unwrap();
        let browser = world.consent_to_clean_up("ana", &link, &email("eva")).await;
        assert_eq!(reason(&world, &browser).await, Some(Reason::OtherAccount));
        assert!(world.has_grant("eva"));
        assert_eq!(world.events("eva", true).len(), 1);
    }

    async fn what_a_new_connection_took_over_stays(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = left_over(&world, "ana").await;
        let link = world.clean_up_link("ana").await.unwrap();
        let clean_up::CleanUpStart::Redirect { .. } = clean_up::begin(&world.engine, &link).await.unwrap() else { panic!() };
        let link = world.clean_up_link("ana").await.unwrap();
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.clean_up_link("ana").await, None);
        let begun = clean_up::begin(&world.engine, &link).await.unwrap();
        assert!(matches!(begun, clean_up::CleanUpStart::NothingLeft));
        assert_eq!(world.events("ana", true).len(), 2);
        assert!(world.has_grant("ana"));

        assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
        let settled = world.saga(&saga.id).await;
        assert_eq!(settled.state, SagaState::Done, "with the later one this is clean too");
        assert_eq!(leftovers(&world, &settled).await, [""; 0]);
        assert_eq!(completeness(&world).await, (2, 2, 0));
    }

    async fn a_connection_elsewhere_stays_as_it_is(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = left_over(&world, "ana").await;
        world.account("eva");
        world.connect("ana", &email("eva"), CalendarChoice::New).await;
        world.sync().await;
        let live = (world.integration("ana").await, world.events("eva", true));
        assert_eq!(summary(&world.clean_up("ana", &saga.id).await), ALL_DONE);
        assert_eq!(world.events("ana", false).len(), 0);
        assert!(!world.has_grant("ana") && world.has_grant("eva"));
        assert_eq!((world.integration("ana").await, world.events("eva", true)), live);
        world.put_tasks("ana", 3, "changed").await;
        world.sync().await;
        assert_eq!(world.events("eva", true).len(), 3, "and works");
    }

    async fn a_connection_to_another_calendar_of_the_account_keeps_the_grant(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = left_over(&world, "ana").await;
        let connected = world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let CallbackResult::Connected { integration_id, .. } = connected else { panic!("{connected:?}") };
        world.choose_calendar(&integration_id, "team-ana").await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 4, "two were left, two are live");
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!(
            summary(&saga),
            "done: freeze done, stop_channels skipped, remove_items done, revoke skipped, verify skipped, wipe done"
        );
        let left = world.events("ana", true);
        assert!(left.len() == 2 && left.iter().all(|event| event["calendar_id"] == "team-ana"), "{left:?}");
        assert!(world.has_grant("ana"));
        assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
    }

    async fn nobody_connects_while_it_is_cleaned_up(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let saga = left_over(&world, "ana").await;
        let link = world.clean_up_link("ana").await.unwrap();
        let clean_up = async || { world.consent_to_clean_up("ana", &link, &email("ana")).await; };
        let early = world.connect_while("ana", &email("ana"), CalendarChoice::New, clean_up).await;
        assert!(matches!(early, CallbackResult::Failed { reason: Reason::WaitingTurn, .. }), "{early:?}");
        let running = world.start("ana", RemoteItems::Remove).await;
        let disconnect::Started::AlreadyRunning { saga: running } = running else { panic!("{running:?}") };
        assert_eq!(running.id, saga.id);
        assert_eq!(summary(&world.finish(&saga.id).await), ALL_DONE);
    }

    async fn a_clean_up_that_fails_can_be_asked_for_again(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = left_over(&world, "ana").await;
        let link = world.clean_up_link("ana").await.unwrap();
        world.consent_to_clean_up("ana", &link, &email("ana")).await;
        world.google.set_faults(vec![fault("calendars.delete", 503, None), fault("events.list", 503, None)]);
        let failed = world.finish(&saga.id).await;
        assert_eq!(failed.state, SagaState::DoneWithLeftovers);
        assert_eq!(world.count("clean_ups", SECRETS).await, 0);
        assert_eq!(leftovers(&world, &failed).await.len(), 2);
        world.google.set_faults(Vec::new());
        assert_eq!(summary(&world.clean_up("ana", &saga.id).await), ALL_DONE);
        assert_eq!(world.events("ana", true).len(), 0);
    }

    async fn killed_anywhere_it_ends(db: TestDatabase) {
        let world = World::new(db).await;
        for waits in 0..WAITS_MAX {
            let user = format!("user{waits}");
            world.synced(&user, 2).await;
            let saga = left_over(&world, &user).await;
            let link = world.clean_up_link(&user).await.unwrap();
            world.consent_to_clean_up(&user, &link, &email(&user)).await;
            let lease = disconnect::claim(&world.engine, "doomed", 1).await.unwrap().remove(0);
            let ended = killed_after(waits, disconnect::resume(&world.engine, lease)).await;
            world.restart().await;
            let saga = world.finish(&saga.id).await;
            assert_eq!(saga.state, SagaState::Done, "killed after {waits} waits: {saga:#?}");
            assert_eq!(world.events(&user, true).len(), 0);
            assert!(!world.has_grant(&user));
            assert_eq!(world.count("clean_ups", SECRETS).await, 0);
            if ended.is_some() {
                assert!(waits > WAITS_MIN, "it was killed {waits} times only");
                return;
            }
        }
        panic!("it waits more often than {WAITS_MAX} times");
    }
}

#[tokio::test]
async fn a_link_that_is_none_leads_nowhere() -> Result<(), EngineError> {
    let world = World::new(calsync_testing::TestDatabase::new(calsync_testing::DatabaseKind::Sqlite)).await;
    assert!(matches!(clean_up::begin(&world.engine, "none").await?, clean_up::CleanUpStart::LinkExpired));
    assert!(clean_up::status(&world.engine, "none").await?.is_none());
    assert_eq!(world.clean_up_link("nobody").await, None);
    Ok(())
}
