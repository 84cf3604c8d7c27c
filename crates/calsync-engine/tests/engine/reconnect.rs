//! A user connects again after their calendar was lost, or elsewhere: nothing is forgotten that may
//! still stand in the old calendar, and a later disconnect's receipt tells the truth.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::consent::CallbackResult;
use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName};
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_simulator::RevokeCause;
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};
use serde_json::Value;

use crate::disconnect_removal::synced_to_their_own;

fn removal(saga: &Saga) -> &str {
    &saga.step(StepName::RemoveItems).unwrap().receipt
}

/// How many live events of ours are in a calendar.
fn ours_in(world: &World, calendar_id: &str) -> usize {
    let is_ours = |event: &&Value| event["calendar_id"] == calendar_id;
    world.events("ana", true).iter().filter(is_ours).count()
}

/// `ana` with tasks in her calendar `team-ana`, which is closed to us meanwhile.
async fn closed(db: TestDatabase, role: Option<&str>, reason: Reason) -> World {
    let world = World::new(db).await;
    synced_to_their_own(&world, "ana", 3).await;
    world.set_access_role("ana", "team-ana", role).await;
    world.put_task("ana", 0, "changed", "active").await;
    world.sync().await;
    let integration = world.integration("ana").await;
    assert_eq!((integration.state, integration.reason), (IntegrationState::NeedsAction, Some(reason)));
    world
}

/// She still has her calendar `team`, and what the platform changes arrives there.
async fn works_in(world: &World, team: &str) {
    world.put_task("ana", 0, "changed", "active").await;
    world.sync().await;
    let integration = world.integration("ana").await;
    assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
    assert_eq!(integration.target_calendar_id.as_deref(), Some(team));
    assert_eq!(world.count("sync_mappings", "sync_state = 'waiting'").await, 0);
}

/// She connects again and wants a calendar of ours; gives its id.
async fn to_a_new_one(world: &World) -> String {
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
    world.sync().await;
    let integration = world.integration("ana").await;
    assert_eq!(integration.state, IntegrationState::Active);
    let own = integration.target_calendar_id.unwrap();
    assert_eq!(ours_in(world, &own), 3);
    own
}

/// She goes over to another calendar.
async fn change(world: &World, wanted: TargetChoice) {
    let id = world.integration("ana").await.id;
    let changed = target_calendar::change(&world.engine, &id, &wanted).await.unwrap();
    assert_eq!(changed, RetargetResult::Done);
}

/// Attempts that were told as left behind.
async fn left_behind(world: &World) -> i64 {
    world.count("calendar_sync_logs", "reason = 'left_behind'").await
}

on_both_databases! {
    async fn what_a_closed_calendar_keeps_is_named_by_a_later_disconnect(db: TestDatabase) {
        let world = closed(db, Some("reader"), Reason::CalendarReadOnly).await;
        to_a_new_one(&world).await;
        assert_eq!(ours_in(&world, "team-ana"), 3, "we may not remove them");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers, "{saga:?}");
        let left = "3 may be left: task:ana-0, task:ana-1, task:ana-2.";
        assert!(removal(&saga).ends_with(left), "{}", removal(&saga));
        assert_eq!(world.events("ana", true).len(), 3);

        world.set_access_role("ana", "team-ana", Some("owner")).await;
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!((saga.state, world.events("ana", true).len()), (SagaState::Done, 0));
    }

    async fn what_a_closed_calendar_keeps_goes_once_it_is_open_again(db: TestDatabase) {
        let world = closed(db, Some("reader"), Reason::CalendarReadOnly).await;
        to_a_new_one(&world).await;
        world.set_access_role("ana", "team-ana", Some("owner")).await;
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!((saga.state, world.events("ana", false).len()), (SagaState::Done, 0), "{saga:?}");
    }

    async fn a_calendar_that_she_has_left_is_no_proof_that_it_is_gone(db: TestDatabase) {
        let world = closed(db, None, Reason::CalendarGone).await;
        to_a_new_one(&world).await;
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers, "{saga:?}");
        assert!(removal(&saga).contains("3 may be left: task:ana-0"), "{}", removal(&saga));
    }

    async fn so_it_is_where_she_only_chooses_another_one(db: TestDatabase) {
        let world = closed(db, None, Reason::CalendarGone).await;
        let id = world.integration("ana").await.id;
        world.choose_calendar(&id, &email("ana")).await;
        world.sync().await;
        assert_eq!(ours_in(&world, &email("ana")), 3);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers, "{saga:?}");
    }

    /// Seed 750: the consent was for a calendar of ours alone, and hers stayed in use without a permission.
    async fn who_wants_a_new_one_while_hers_is_in_use_consents_to_hers_too(db: TestDatabase) {
        let world = World::new(db).await;
        let team = synced_to_their_own(&world, "ana", 1).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        let again = world.connect("ana", &email("ana"), CalendarChoice::New).await;
        assert!(matches!(again, CallbackResult::Connected { .. }), "{again:?}");
        works_in(&world, &team).await;
    }

    /// Seeds 4643 and 4824: the consent was for a calendar of ours alone, and what had not moved yet stayed in hers.
    async fn who_connects_again_on_the_way_to_a_new_one_consents_to_the_left_one_too(db: TestDatabase) {
        let world = World::new(db).await;
        let team = synced_to_their_own(&world, "ana", 3).await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        change(&world, TargetChoice::Own).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        to_a_new_one(&world).await;
        assert_eq!((ours_in(&world, &team), left_behind(&world).await), (0, 0));
    }

    async fn who_connects_again_on_the_way_from_ours_lets_us_remove_it(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let own = world.integration("ana").await.target_calendar_id.unwrap();
        change(&world, TargetChoice::Existing("team-ana".into())).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        world.sync().await;
        assert_eq!((ours_in(&world, "team-ana"), left_behind(&world).await), (3, 0));
        let calendars = world.google.state()["calendars"].clone();
        assert!(calendars.as_array().unwrap().iter().all(|one| one["id"] != *own), "{calendars}");
    }

    async fn a_consent_that_covers_not_what_came_into_use_meanwhile_is_partial(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        let meanwhile = async || drop(synced_to_their_own(&world, "ana", 1).await);
        let late = world.connect_while("ana", &email("ana"), CalendarChoice::New, meanwhile).await;
        assert!(matches!(late, CallbackResult::Failed { reason: Reason::ConsentPartial, .. }), "{late:?}");
        works_in(&world, "team-ana").await;
    }

    async fn before_another_calendar_is_chosen_the_closed_one_is_still_known(db: TestDatabase) {
        let world = closed(db, Some("reader"), Reason::CalendarReadOnly).await;
        let again = world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        assert!(matches!(again, CallbackResult::Connected { needs_calendar: true, .. }), "{again:?}");
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Connecting);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers);
        assert!(removal(&saga).contains("3 may be left"), "{}", removal(&saga));
    }

    async fn a_calendar_of_ours_that_is_gone_leaves_nothing_to_remember(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let own = world.integration("ana").await.target_calendar_id.unwrap();
        let token = world.google.access_token(&email("ana")).unwrap();
        world.engine.google().client().delete_calendar(&token.into(), &own).await.unwrap();
        world.put_task("ana", 0, "changed", "active").await;
        world.sync().await;
        assert_eq!(world.integration("ana").await.reason, Some(Reason::CalendarGone));
        assert_ne!(to_a_new_one(&world).await, own);
        let integration = world.integration("ana").await;
        assert!(!integration.leaves_own_calendar, "{integration:?}");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!((saga.state, world.events("ana", false).len()), (SagaState::Done, 0), "{saga:?}");
    }

    async fn what_a_disconnect_kept_moves_to_the_next_calendar(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        let again = world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let CallbackResult::Connected { integration_id, needs_calendar: true, .. } = again else { panic!("{again:?}") };
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Connecting, "until she chooses");
        world.choose_calendar(&integration_id, "team-ana").await;
        world.sync().await;
        assert_eq!((world.events("ana", true).len(), ours_in(&world, "team-ana")), (3, 3), "none is doubled");
        world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(world.events("ana", false).len(), 0);
    }

    async fn what_a_disconnect_kept_out_of_reach_is_named_by_the_next(db: TestDatabase) {
        let world = World::new(db).await;
        let team = synced_to_their_own(&world, "ana", 3).await;
        world.disconnect("ana", RemoteItems::Keep).await;
        to_a_new_one(&world).await;
        assert_eq!(ours_in(&world, &team), 3, "a calendar of ours needs no permission for hers");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers);
        assert!(removal(&saga).contains("3 may be left"), "{}", removal(&saga));
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!((saga.state, world.events("ana", false).len()), (SagaState::Done, 0), "{saga:?}");
    }
}
