//! A calendar stays known after it was left: for whoever comes back to it, and for the end of the connection.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::disconnect::{RemoteItems, SagaState};
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};

use crate::disconnect_removal::{synced_to_their_own, theirs};

/// Ana with a task in a calendar of ours, which she may leave for one of hers; that calendar's id.
async fn in_ours(world: &World) -> String {
    world.synced("ana", 1).await;
    world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
    world.sync().await;
    world.integration("ana").await.target_calendar_id.unwrap()
}

async fn change(world: &World, wanted: TargetChoice) {
    let id = world.integration("ana").await.id;
    assert_eq!(target_calendar::change(&world.engine, &id, &wanted).await.unwrap(), RetargetResult::Done);
}

async fn to_team(world: &World) {
    change(world, TargetChoice::Existing("team-ana".into())).await;
}

fn is_at_google(world: &World, calendar_id: &str) -> bool {
    let state = world.google.state();
    state["calendars"].as_array().unwrap().iter().any(|calendar| calendar["id"] == calendar_id)
}

/// Ana's calendar is gone; she disconnects, and connects with one of ours.
async fn leave_without_a_calendar_and_come_back(world: &World) {
    world.put_task("ana", 0, "changed", "active").await;
    world.sync().await;
    assert_eq!(world.integration("ana").await.reason, Some(Reason::CalendarGone));
    world.disconnect("ana", RemoteItems::Keep).await;
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
    world.sync().await;
}

on_both_databases! {
    async fn one_of_ours_that_stayed_for_what_is_in_it_is_taken_up_again(db: TestDatabase) {
        let world = World::new(db).await;
        let own = in_ours(&world).await;
        world.google.user_inserts_event(&email("ana"), &own, &theirs("Dentist")).unwrap();
        to_team(&world).await;
        world.sync().await;
        assert!(is_at_google(&world, &own), "she keeps something there");
        change(&world, TargetChoice::Own).await;
        world.sync().await;
        assert_eq!(world.integration("ana").await.target_calendar_id, Some(own), "she has one, and no second one");
    }

    async fn one_of_ours_that_could_not_be_removed_goes_with_the_connection(db: TestDatabase) {
        let world = World::new(db).await;
        let own = in_ours(&world).await;
        let reason = Some("insufficientPermissions".to_owned());
        let matches = FaultMatch { method: Some("calendars.delete".into()), ..FaultMatch::default() };
        let effect = FaultEffect { status: Some(403), reason, ..FaultEffect::default() };
        world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
        to_team(&world).await;
        world.sync().await;
        assert!(is_at_google(&world, &own));
        let calls = world.transport.calls();
        world.advance(4_000);
        world.sync().await;
        assert_eq!(world.transport.calls(), calls, "nobody tries again");

        world.google.set_faults(Vec::new());
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!((saga.state, is_at_google(&world, &own)), (SagaState::Done, false), "{saga:?}");
    }

    async fn one_of_ours_that_was_left_empty_goes_by_the_clean_up_of_its_own_connection(db: TestDatabase) {
        let world = World::new(db).await;
        let own = in_ours(&world).await;
        to_team(&world).await;
        while world.events("ana", true).iter().any(|event| event["calendar_id"] == *own) || world.events("ana", true).is_empty() {
            world.pass().await;
        }
        assert!(is_at_google(&world, &own), "it is empty, and not looked at yet");
        world.google.revoke(&email("ana"), RevokeCause::User);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers);
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        let live = world.integration("ana").await.target_calendar_id.unwrap();
        let saga = world.clean_up("ana", &saga.id).await;
        assert_eq!(saga.state, SagaState::Done, "{saga:?}");
        assert!(!is_at_google(&world, &own) && is_at_google(&world, &live));
    }

    async fn one_of_ours_that_is_gone_is_not_taken_up_by_the_next_connection(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let own = world.integration("ana").await.target_calendar_id.unwrap();
        world.lose_calendar("ana", &own).await;
        leave_without_a_calendar_and_come_back(&world).await;
        let integration = world.integration("ana").await;
        assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
        assert_eq!(world.events("ana", true).len(), 3);
    }

    async fn hers_that_we_lost_sight_of_is_remembered_over_a_disconnect(db: TestDatabase) {
        let world = World::new(db).await;
        synced_to_their_own(&world, "ana", 3).await;
        world.set_access_role("ana", "team-ana", None).await;
        leave_without_a_calendar_and_come_back(&world).await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers, "they may stand there still: {saga:?}");
    }
}
