//! Calls wait for each other in no circle, however few may be under way at once.

use std::time::Duration;

use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use calsync_engine::consent::writable_calendars;
use calsync_engine::disconnect::{self, RemoteItems, SagaState, Started};
use calsync_engine::worker;
use calsync_testing::world::World;
use calsync_testing::{TestDatabase, eventually, on_both_databases};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::disconnect::fault;

/// Only a hang takes so long.
const HANGS: Duration = Duration::from_secs(60);
const ITEMS: usize = 100;

/// Ana, with `ITEMS` tasks in a calendar that is gone, and each of them is to be changed or removed.
async fn vanished(db: TestDatabase, permits: usize, status: &str) -> World {
    let world = World::with(db, |settings| settings.calls_in_flight = permits).await;
    timeout(HANGS, world.synced("ana", ITEMS)).await.unwrap();
    let calendar = world.integration("ana").await.target_calendar_id.unwrap();
    world.lose_calendar("ana", &calendar).await;
    for number in 0..ITEMS {
        world.put_task("ana", number, "changed", status).await;
    }
    world
}

async fn assert_stopped(world: &World) {
    let integration = world.integration("ana").await;
    assert_eq!(integration.state, IntegrationState::NeedsAction);
    assert_eq!(integration.reason, Some(Reason::CalendarGone));
    assert_eq!(world.count("sync_mappings", "event_state = 'deleted_by_user'").await, 0);
}

on_both_databases! {
    async fn a_pass_over_a_calendar_that_vanished_ends(db: TestDatabase) {
        let world = vanished(db, 1, "active").await;
        timeout(HANGS, world.sync()).await.unwrap();
        assert_stopped(&world).await;
    }

    async fn a_pass_of_removals_from_a_calendar_that_vanished_ends(db: TestDatabase) {
        let world = vanished(db, 2, "cancelled").await;
        timeout(HANGS, world.sync()).await.unwrap();
        assert_stopped(&world).await;
    }

    async fn a_worker_whose_calendar_vanished_stops_when_it_is_told_to(db: TestDatabase) {
        let world = vanished(db, 1, "active").await;
        let stop = CancellationToken::new();
        let worker = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
        let has_stopped = async || {
            (world.integration("ana").await.state == IntegrationState::NeedsAction).then_some(())
        };
        eventually("the worker that has no permit", has_stopped).await;
        stop.cancel();
        timeout(HANGS, worker).await.unwrap().unwrap().unwrap();
    }

    async fn a_refused_token_is_renewed_once_while_nobody_holds_a_permit(db: TestDatabase) {
        let world = World::with(db, |settings| settings.calls_in_flight = 1).await;
        timeout(HANGS, world.synced("ana", ITEMS)).await.unwrap();
        world.put_tasks("ana", ITEMS, "changed").await;
        world.google.set_faults(vec![fault("events.update", 401, Some(8))]);
        timeout(HANGS, world.pass()).await.unwrap();
        let refreshes: u64 = world.transport.refreshed().values().sum();
        assert_eq!(refreshes, 1, "eight calls found it refused");
        assert_eq!(world.requests("events.update"), 108);
        assert!(world.events("ana", true).iter().all(|one| one["summary"].as_str().unwrap().ends_with("changed")));
        assert_eq!(world.count("calendar_sync_logs", "http_status = 401").await, 8, "each has its row");
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
    }

    async fn a_disconnect_and_a_page_renew_a_refused_token_through_one_permit(db: TestDatabase) {
        let world = World::with(db, |settings| settings.calls_in_flight = 1).await;
        timeout(HANGS, world.synced("ana", 20)).await.unwrap();
        let id = world.integration("ana").await.id;
        world.google.set_faults(vec![fault("calendarList.list", 401, Some(1))]);
        let listed = timeout(HANGS, writable_calendars(&world.engine, &id)).await.unwrap();
        assert!(!listed.unwrap().unwrap().is_empty());
        world.google.set_faults(vec![fault("events.list", 401, Some(1))]);
        let saga = timeout(HANGS, world.disconnect("ana", RemoteItems::Remove)).await.unwrap();
        assert_eq!((saga.state, world.events("ana", true).len()), (SagaState::Done, 0));
        assert_eq!(world.count("calendar_sync_logs", "http_status = 401").await, 2);
    }

    async fn a_disconnect_sends_nothing_under_a_lease_that_is_almost_over(db: TestDatabase) {
        let world = World::with(db, |settings| settings.calls_in_flight = 1).await;
        world.synced("ana", 5).await;
        world.synced("ben", 1).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else {
            panic!("she is connected");
        };
        world.transport.hold_next("/calendarList");
        let (engine, id) = (world.engine.clone(), world.integration("ben").await.id);
        let page = tokio::spawn(async move { writable_calendars(&engine, &id).await });
        world.transport.held_one().await;
        let (engine, lease) = (world.engine.clone(), disconnect::claim(&world.engine, "worker", 1).await.unwrap().remove(0));
        let run = tokio::spawn(async move { disconnect::resume(&engine, lease).await });
        let is_waiting = async || (world.engine.google().calls_waiting() == 1).then_some(());
        eventually("the disconnect's first call waits for its turn", is_waiting).await;
        let calls = world.transport.calls();
        world.advance(50);
        world.transport.let_through();
        page.await.unwrap().unwrap();
        run.await.unwrap().unwrap();
        assert_eq!(world.transport.calls(), calls, "its turn came ten seconds before the lease's end");
        assert_eq!(world.finish(&saga.id).await.state, SagaState::Done);
        assert_eq!(world.events("ana", true).len(), 0);
    }

    async fn everything_goes_through_one_permit(db: TestDatabase) {
        let world = World::with(db, |settings| settings.calls_in_flight = 1).await;
        timeout(HANGS, world.synced("ana", 20)).await.unwrap();
        world.advance(3_600);
        world.put_tasks("ana", 20, "changed").await;
        timeout(HANGS, world.sync()).await.unwrap();
        let saga = timeout(HANGS, world.disconnect("ana", RemoteItems::Remove)).await.unwrap();
        assert_eq!(saga.state, SagaState::Done);
        assert_eq!(world.events("ana", true).len(), 0);
    }
}
