//! A part that panics, with tokens at hand: one pass or one disconnect ends and is tried again, a loop
//! ends the worker, and nobody is told the words.

use std::sync::atomic::Ordering;

use calsync_engine::disconnect::{RemoteItems, SagaState, Started};
use calsync_engine::worker;
use calsync_testing::world::World;
use calsync_testing::{DatabaseKind, Log, TestDatabase, eventually};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

/// A lease is over then.
const A_LEASE_SECS: i64 = 60;

async fn synced() -> World {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.synced("ana", 1).await;
    world
}

fn tells_no_secret(log: &Log, access_token: &str, job: &str) {
    let log = log.text();
    assert!(!log.contains(access_token), "{log}");
    let told = log
        .lines()
        .find(|line| line.contains("job panicked, retried later"))
        .unwrap_or_else(|| panic!("{log}"));
    assert!(told.contains(&format!("job=\"{job}\"")) && told.contains("trace_id="), "{told}");
}

async fn access_token(world: &World) -> String {
    world.tokens("ana").await.access.unwrap().unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_pass_is_tried_again_and_the_others_go_on() {
    let world = synced().await;
    let (log, token) = (Log::begin(), access_token(&world).await);
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
    world.transport.break_at("/events");
    world.put_tasks("ana", 2, "changed").await;
    eventually("the panic", async || (!world.transport.will_break()).then_some(())).await;
    world.synced("ben", 1).await;
    eventually("the event of ben", async || (world.events("ben", true).len() == 1).then_some(())).await;
    world.advance(A_LEASE_SECS);
    eventually("both events of ana", async || (world.events("ana", true).len() == 2).then_some(())).await;
    stop.cancel();
    working.await.unwrap().unwrap();
    tells_no_secret(&log, &token, "pass");
    assert!(log.text().contains(&world.integration("ana").await.id), "{}", log.text());
}

#[tokio::test]
async fn a_disconnect_is_tried_again() {
    let world = synced().await;
    let (log, token) = (Log::begin(), access_token(&world).await);
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
    world.transport.break_at("/calendars/");
    let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
    eventually("the panic", async || (!world.transport.will_break()).then_some(())).await;
    eventually("the end of the disconnect", async || {
        world.advance(A_LEASE_SECS);
        let state = world.saga(&saga.id).await.state;
        (state == SagaState::Done).then_some(()).ok_or(state)
    })
    .await;
    stop.cancel();
    working.await.unwrap().unwrap();
    tells_no_secret(&log, &token, "disconnect");
    assert_eq!(world.events("ana", true).len(), 0);
}

#[tokio::test]
async fn a_loop_ends_the_worker() {
    let world = synced().await;
    world.broken.clock.store(true, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let ended = tokio::spawn(worker::run(world.engine.clone(), stop.clone())).await;
    assert!(ended.unwrap_err().is_panic());
    assert!(stop.is_cancelled(), "whoever serves beside it stops too");
}
