//! What fails for everybody, or for all of one connection, is tried by one call in a while, and goes on by itself.

use calsync_core::pause::PauseScope;
use calsync_engine::disconnect::{RemoteItems, SagaState, Started};
use calsync_engine::reconcile;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_store::pauses;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use tokio::task::JoinSet;

const USERS: usize = 30;
/// What one of them has waiting.
const BACKLOG: usize = 120;
/// Passes under way at once.
const PASSES: usize = 48;

/// Users `user-0`, `user-1`, … whose calendars are there, and hold a task each.
async fn everybody_is_synced(world: &World) {
    for number in 0..USERS {
        world.synced(&user(number), 1).await;
    }
}

fn user(number: usize) -> String {
    format!("user-{number}")
}

/// Everybody's task changes, and one user has many more.
async fn everybody_has_changes(world: &World, title: &str) {
    for number in 0..USERS {
        world.put_task(&user(number), 0, title, "active").await;
    }
    world.put_tasks(&user(0), BACKLOG, title).await;
}

/// Every call that `matches` fails as `effect` says.
pub(crate) fn fails(matches: FaultMatch, effect: FaultEffect) -> Vec<FaultRule> {
    vec![FaultRule { matches, effect, ..FaultRule::default() }]
}

fn unavailable() -> FaultEffect {
    FaultEffect { status: Some(503), ..FaultEffect::default() }
}

fn requests(world: &World) -> u64 {
    let requests = world.google.state()["requests"].as_object().unwrap().clone();
    requests.values().map(|count| count.as_u64().unwrap()).sum()
}

/// Works for a minute as a worker does, and answers how many requests that took.
async fn minute(world: &World) -> u64 {
    let before = requests(world);
    for _ in 0..60 {
        loop {
            let leases = reconcile::claim(&world.engine, "worker", PASSES).await.unwrap();
            if leases.is_empty() {
                break;
            }
            let mut passes = JoinSet::new();
            for lease in leases {
                let engine = world.engine.clone();
                passes.spawn(async move { reconcile::pass(&engine, &lease).await });
            }
            passes.join_all().await.into_iter().for_each(Result::unwrap);
        }
        world.resume().await;
        world.advance(1);
    }
    requests(world) - before
}

pub(crate) async fn minutes(world: &World, count: usize) -> Vec<u64> {
    let mut requests = Vec::new();
    for _ in 0..count {
        requests.push(minute(world).await);
    }
    requests
}

pub(crate) async fn waiting(world: &World) -> i64 {
    world.count("sync_mappings", "sync_state = 'waiting'").await
}

pub(crate) async fn paused(world: &World) -> Vec<PauseScope> {
    let mut tx = world.engine.store().read().await.unwrap();
    pauses::all(&mut tx).await.unwrap().into_iter().map(|pause| pause.scope).collect()
}

on_both_databases! {
    async fn an_outage_costs_a_call_a_minute_and_ends_by_itself(db: TestDatabase) {
        let world = World::new(db).await;
        everybody_is_synced(&world).await;
        everybody_has_changes(&world, "changed").await;
        world.google.set_faults(fails(FaultMatch::default(), unavailable()));
        let requests = minutes(&world, 5).await;
        assert_eq!(paused(&world).await, [PauseScope::Api]);
        assert!(requests[0] <= 200, "{requests:?}: it is noticed soon");
        assert!(requests[1..].iter().all(|requests| (1..=2).contains(requests)), "{requests:?}");
        world.google.set_faults(Vec::new());
        minutes(&world, 2).await;
        assert_eq!((waiting(&world).await, paused(&world).await), (0, vec![]));
    }

    async fn disconnects_wait_for_the_end_of_an_outage_and_find_it(db: TestDatabase) {
        let world = World::new(db).await;
        everybody_is_synced(&world).await;
        everybody_has_changes(&world, "changed").await;
        world.google.set_faults(fails(FaultMatch::default(), unavailable()));
        minute(&world).await;
        let mut sagas = Vec::new();
        for number in 0..USERS {
            let Started::Started { saga } = world.start(&user(number), RemoteItems::Remove).await else { panic!() };
            sagas.push(saga.id);
        }
        let requests = minutes(&world, 5).await;
        assert!(requests.iter().all(|requests| *requests <= 2), "{requests:?}");
        world.google.set_faults(Vec::new());
        minutes(&world, 12).await;
        for id in sagas {
            assert_eq!(world.saga(&id).await.state, SagaState::Done);
        }
        assert_eq!(paused(&world).await, []);
    }

    async fn a_connection_that_fails_alone_is_tried_once_a_minute(db: TestDatabase) {
        let world = World::new(db).await;
        everybody_is_synced(&world).await;
        everybody_has_changes(&world, "changed").await;
        let matches = FaultMatch { account: Some(email(&user(0))), ..FaultMatch::default() };
        world.google.set_faults(fails(matches, unavailable()));
        minute(&world).await;
        assert_eq!((waiting(&world).await, paused(&world).await), (i64::try_from(BACKLOG).unwrap(), vec![]));
        let requests = minutes(&world, 5).await;
        assert!(requests.iter().all(|requests| *requests <= 1), "{requests:?}");
        world.google.set_faults(Vec::new());
        minutes(&world, 2).await;
        assert_eq!(waiting(&world).await, 0);
    }

    async fn an_item_that_fails_alone_keeps_no_other_waiting(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.put_task("ana", 0, "fails", "active").await;
        let update = FaultMatch { method: Some("events.update".into()), ..FaultMatch::default() };
        world.google.set_faults(fails(update, unavailable()));
        minutes(&world, 5).await;
        world.put_task("ana", 1, "new", "active").await;
        minute(&world).await;
        world.advance(15);
        minute(&world).await;
        assert_eq!(waiting(&world).await, 1, "only what fails");
    }

    async fn what_google_names_as_the_deployments_pauses_it_at_once(db: TestDatabase) {
        for (reason, scope) in [("accessNotConfigured", PauseScope::Project), ("dailyLimitExceeded", PauseScope::Project)] {
            let world = World::new(calsync_testing::TestDatabase::new(db.kind)).await;
            everybody_is_synced(&world).await;
            everybody_has_changes(&world, "changed").await;
            let calendar = FaultMatch { api: Some("calendar".into()), ..FaultMatch::default() };
            let effect = FaultEffect { reason: Some(reason.into()), ..FaultEffect::default() };
            world.google.set_faults(fails(calendar, effect));
            let requests = minutes(&world, 3).await;
            assert_eq!(paused(&world).await, [scope]);
            assert!(requests[0] <= 100 && requests[1..].iter().all(|requests| *requests <= 2), "{reason}: {requests:?}");
            world.google.set_faults(Vec::new());
            minutes(&world, 2).await;
            assert_eq!((waiting(&world).await, paused(&world).await), (0, vec![]), "{reason}");
        }
    }

    async fn a_refused_client_holds_only_those_whose_token_ends(db: TestDatabase) {
        let world = World::new(db).await;
        everybody_is_synced(&world).await;
        everybody_has_changes(&world, "changed").await;
        let token = FaultMatch { method: Some("token".into()), ..FaultMatch::default() };
        let refused = FaultEffect { reason: Some("invalid_client".into()), ..FaultEffect::default() };
        world.google.set_faults(fails(token, refused));
        minute(&world).await;
        assert_eq!((waiting(&world).await, paused(&world).await), (0, vec![]), "no token had to be renewed");
        world.advance(3_600);
        everybody_has_changes(&world, "changed again").await;
        let requests = minutes(&world, 3).await;
        assert_eq!(paused(&world).await, [PauseScope::Client]);
        assert!(requests[1..].iter().all(|requests| *requests <= 1), "{requests:?}");
        world.google.set_faults(Vec::new());
        minutes(&world, 2).await;
        assert_eq!((waiting(&world).await, paused(&world).await), (0, vec![]));
    }
}
