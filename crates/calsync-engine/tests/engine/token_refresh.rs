//! A thousand tokens end in the same minute, and everybody wants them at once.

use std::collections::BTreeMap;

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::disconnect::{self, RemoteItems, SagaState, Started};
use calsync_engine::{Engine, consent, reconcile};
use calsync_store::leases;
use calsync_testing::world::{World, email};
use calsync_testing::{DatabaseKind, TestDatabase};
use futures_util::{StreamExt, stream};
use tokio::task::JoinSet;

const INTEGRATIONS: usize = 1_000;
/// Processes over one database.
const WORKERS: usize = 4;
/// Of each ten users one is disconnected meanwhile, and one looks at a page.
const TENTH: usize = 10;
/// Users of whom the story tells at the same time.
const AT_ONCE: usize = 16;
/// Rounds after which all work should long be done.
const ROUNDS_MAX: usize = 50;

fn user(number: usize) -> String {
    format!("user{number}")
}

const fn leaves(number: usize) -> bool {
    number.is_multiple_of(TENTH)
}

const fn looks(number: usize) -> bool {
    number % TENTH == 1
}

/// Does all that is due.
async fn work(engine: Engine, name: String) {
    loop {
        let leases = reconcile::claim(&engine, &name, 8).await.unwrap();
        let sagas = disconnect::claim(&engine, &name, 2).await.unwrap();
        if leases.is_empty() && sagas.is_empty() {
            return;
        }
        for lease in leases {
            reconcile::pass(&engine, &lease).await.unwrap();
        }
        for lease in sagas {
            disconnect::resume(&engine, lease).await.unwrap();
        }
    }
}

/// Lets every engine work until nothing is due, however long that takes by the clock.
async fn work_all(world: &World, engines: &[Engine]) {
    for _ in 0..ROUNDS_MAX {
        let mut workers = JoinSet::new();
        for (number, engine) in engines.iter().enumerate() {
            workers.spawn(work(engine.clone(), format!("worker{number}")));
        }
        workers.join_all().await;
        let mut tx = world.engine.store().read().await.unwrap();
        if leases::passes::next_due(&mut tx, world.engine.now()).await.unwrap().is_none() {
            return;
        }
        drop(tx);
        world.advance(1);
    }
    panic!("the work doesn't end");
}

/// Everybody who looks at a page looks twice, by two processes.
fn look_at_pages(pages: &mut JoinSet<()>, engines: &[Engine], integrations: &[String]) {
    for (number, id) in integrations.iter().enumerate().filter(|(number, _)| looks(*number)) {
        for engine in [&engines[number % WORKERS], &engines[(number + 1) % WORKERS]] {
            let (engine, id) = (engine.clone(), id.clone());
            pages.spawn(async move {
                let listed = consent::writable_calendars(&engine, &id).await.unwrap().unwrap();
                assert!(!listed.is_empty());
            });
        }
    }
}

/// Everybody connects the real way; gives their integrations in order.
async fn connect_all(world: &World) -> Vec<String> {
    let connected = stream::iter(0..INTEGRATIONS).map(|number| async move {
        let user = user(number);
        world.account(&user);
        world.put_tasks(&user, 1, "").await;
        world.connect(&user, &email(&user), CalendarChoice::New).await;
        world.integration(&user).await.id
    });
    connected.buffered(AT_ONCE).collect().await
}

/// Each user's task changes, and those who leave begin to; gives their disconnects.
async fn change_all(world: &World) -> Vec<String> {
    let changed = stream::iter(0..INTEGRATIONS).map(|number| async move {
        world.put_tasks(&user(number), 1, "changed").await;
        if !leaves(number) {
            return None;
        }
        let Started::Started { saga } = world.start(&user(number), RemoteItems::Remove).await else {
            panic!("{} is connected", user(number));
        };
        Some(saga.id)
    });
    let sagas: Vec<Option<String>> = changed.buffered(AT_ONCE).collect().await;
    sagas.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tokens_that_end_together_are_renewed_once_each() {
    let world = World::new(TestDatabase::new(DatabaseKind::Postgres)).await;
    let mut engines = vec![world.engine.clone()];
    while engines.len() < WORKERS {
        engines.push(world.another_engine().await);
    }
    let integrations = connect_all(&world).await;
    work_all(&world, &engines).await;
    assert_eq!(world.transport.refreshed(), BTreeMap::new());

    world.advance(3_600);
    let sagas = change_all(&world).await;
    let mut pages = JoinSet::new();
    look_at_pages(&mut pages, &engines, &integrations);
    work_all(&world, &engines).await;
    pages.join_all().await;

    let refreshed = world.transport.refreshed();
    assert_eq!(refreshed.len(), INTEGRATIONS);
    let more: Vec<_> = refreshed.values().filter(|times| **times != 1).collect();
    assert!(more.is_empty(), "refreshed more than once: {more:?}");
    assert_eq!(world.transport.unauthorized(), 0, "no 401 reached an item");
    for id in sagas {
        assert_eq!(world.saga(&id).await.state, SagaState::Done);
    }
    let state = world.google.state();
    let changed = state["events"].as_array().unwrap().iter().filter(|event| {
        event["status"] != "cancelled"
            && event["summary"].as_str().is_some_and(|text| text.ends_with("changed"))
    });
    assert_eq!(changed.count(), INTEGRATIONS - INTEGRATIONS / TENTH);
    for number in (0..INTEGRATIONS).filter(|number| leaves(*number)) {
        let integration = world.integration(&user(number)).await;
        assert_eq!(integration.state, IntegrationState::Disconnected);
        assert!(world.tokens(&user(number)).await.refresh.is_none());
    }
}
