//! What a call learns late, after its user has connected anew or chosen otherwise, changes nothing of
//! what they did.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::disconnect::{RemoteItems, SagaState};
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_engine::{EngineError, consent, reconcile};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};
use tokio::task::JoinHandle;

const HOUR: i64 = 3_600;
const LEASE_IS_OVER: &str = "UPDATE user_integrations SET lease_owner = NULL, lease_until = 0";

async fn synced(db: TestDatabase) -> World {
    let world = World::new(db).await;
    world.synced("ana", 1).await;
    world
}

/// A page of hers lists her calendars; `held` is the part of the address whose answer waits.
async fn page(world: &World, held: &str) -> JoinHandle<Option<Reason>> {
    world.transport.hold_next(held);
    let (engine, id) = (world.engine.clone(), world.integration("ana").await.id);
    let page = tokio::spawn(async move {
        consent::writable_calendars(&engine, &id).await.err().map(|error| error.reason())
    });
    world.transport.held_one().await;
    page
}

/// A pass over her connection, whose call waits for its answer.
async fn pass(world: &World, held: &str) -> JoinHandle<Result<(), EngineError>> {
    world.transport.hold_next(held);
    let lease = reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
    let engine = world.engine.clone();
    let pass = tokio::spawn(async move { reconcile::pass(&engine, &lease).await });
    world.transport.held_one().await;
    pass
}

async fn connects_again(world: &World) {
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
}

/// Her connection works, and nobody was told otherwise.
async fn works(world: &World) {
    let integration = world.integration("ana").await;
    assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
    assert_eq!(world.count("changes", "change = 'needs_reconnect'").await, 0);
    world.put_task("ana", 0, "and on", "active").await;
    world.sync().await;
    assert_eq!(world.events("ana", true)[0]["summary"], "Task 0 and on");
}

async fn choose(world: &World, wanted: TargetChoice) {
    let id = world.integration("ana").await.id;
    assert_eq!(target_calendar::change(&world.engine, &id, &wanted).await.unwrap(), RetargetResult::Done);
}

fn team() -> TargetChoice {
    TargetChoice::Existing("team-ana".into())
}

/// Hers, and those of ours: the calendars of her account.
fn calendars(world: &World) -> Vec<String> {
    let state = world.google.state();
    let all = state["calendars"].as_array().unwrap().iter();
    let mut ids: Vec<String> = all.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Everything of hers is in her calendar `team-ana`, and nothing of ours beside it.
async fn is_in_the_team_calendar(world: &World) {
    world.sync().await;
    let integration = world.integration("ana").await;
    assert_eq!(integration.target_calendar_id.as_deref(), Some("team-ana"));
    assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
    let events = world.events("ana", true);
    assert!(events.len() == 1 && events[0]["calendar_id"] == "team-ana", "{events:?}");
    assert_eq!(calendars(world), ["ana@example.org", "team-ana"]);
    let saga = world.disconnect("ana", RemoteItems::Remove).await;
    assert_eq!((saga.state, world.events("ana", false).len()), (SagaState::Done, 0), "{saga:?}");
}

on_both_databases! {
    async fn a_refresh_for_a_page_that_fails_late_stops_no_new_connection(db: TestDatabase) {
        let world = synced(db).await;
        world.advance(HOUR);
        world.google.revoke(&email("ana"), RevokeCause::User);
        let page = page(&world, "/token").await;
        connects_again(&world).await;
        world.transport.let_through();
        assert_eq!(page.await.unwrap(), Some(Reason::GrantUnknown));
        works(&world).await;
    }

    async fn a_call_of_a_page_that_fails_late_stops_no_new_connection(db: TestDatabase) {
        let world = synced(db).await;
        let matches = FaultMatch { method: Some("calendarList.list".into()), ..FaultMatch::default() };
        let reason = Some("insufficientPermissions".to_owned());
        let effect = FaultEffect { status: Some(403), reason, ..FaultEffect::default() };
        world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
        let page = page(&world, "/calendarList").await;
        connects_again(&world).await;
        world.google.set_faults(Vec::new());
        world.transport.let_through();
        assert_eq!(page.await.unwrap(), Some(Reason::ScopeMissing));
        works(&world).await;
    }

    async fn so_it_is_where_a_disconnect_came_in_between(db: TestDatabase) {
        let world = synced(db).await;
        world.advance(HOUR);
        world.google.revoke(&email("ana"), RevokeCause::User);
        let page = page(&world, "/token").await;
        // The disconnect waits until the page's claim to refresh is over.
        world.sql("UPDATE user_integrations SET refresh_claimed_until = NULL").await;
        world.disconnect("ana", RemoteItems::Keep).await;
        connects_again(&world).await;
        world.transport.let_through();
        page.await.unwrap();
        works(&world).await;
    }

    async fn a_pass_that_fails_late_stops_no_new_connection(db: TestDatabase) {
        let world = synced(db).await;
        world.advance(HOUR);
        world.google.revoke(&email("ana"), RevokeCause::User);
        world.put_task("ana", 0, "changed", "active").await;
        let pass = pass(&world, "/token").await;
        connects_again(&world).await;
        world.transport.let_through();
        assert!(pass.await.unwrap().is_err_and(|error| error.is_lease_lost()));
        // Nobody waits for the end of a lease that nobody uses (seed 1799).
        works(&world).await;
    }

    async fn a_page_whose_grant_is_over_still_stops_its_own_connection(db: TestDatabase) {
        let world = synced(db).await;
        world.advance(HOUR);
        world.google.revoke(&email("ana"), RevokeCause::User);
        let page = page(&world, "/token").await;
        world.transport.let_through();
        page.await.unwrap();
        assert_eq!(world.integration("ana").await.state, IntegrationState::NeedsAction);
    }

    async fn a_calendar_that_is_made_in_vain_goes_and_the_users_choice_stays(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        world.put_task("ana", 0, "", "active").await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        connects_again(&world).await;
        let pass = pass(&world, "/calendars").await;
        choose(&world, team()).await;
        world.transport.let_through();
        pass.await.unwrap().unwrap();
        is_in_the_team_calendar(&world).await;
    }

    async fn so_it_is_where_google_makes_it_and_the_worker_is_gone(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        world.put_task("ana", 0, "", "active").await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        connects_again(&world).await;
        let pass = pass(&world, "/calendars").await;
        choose(&world, team()).await;
        pass.abort();
        assert!(pass.await.unwrap_err().is_cancelled());
        world.sql(LEASE_IS_OVER).await;
        world.transport.let_through();
        is_in_the_team_calendar(&world).await;
    }

    async fn a_calendar_that_nobody_awaits_any_more_is_not_made(db: TestDatabase) {
        let world = synced(db).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        let own = world.integration("ana").await.target_calendar_id.unwrap();
        choose(&world, team()).await;
        choose(&world, TargetChoice::Own).await;
        let token = world.google.access_token(&email("ana")).unwrap();
        world.engine.google().client().delete_calendar(&token.into(), &own).await.unwrap();
        let pass = pass(&world, "/calendarList").await;
        choose(&world, team()).await;
        world.transport.let_through();
        pass.await.unwrap().unwrap();
        assert_eq!(calendars(&world), ["ana@example.org", "team-ana"]);
        is_in_the_team_calendar(&world).await;
    }

    async fn one_that_is_found_again_is_not_taken_any_more(db: TestDatabase) {
        let world = synced(db).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        choose(&world, team()).await;
        choose(&world, TargetChoice::Own).await;
        let pass = pass(&world, "/calendarList").await;
        choose(&world, team()).await;
        world.transport.let_through();
        pass.await.unwrap().unwrap();
        is_in_the_team_calendar(&world).await;
    }
}
