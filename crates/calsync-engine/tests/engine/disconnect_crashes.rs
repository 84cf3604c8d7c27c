//! A disconnect that is killed ends all the same: at every point where it waits for Google or the
//! database, whether or not the call under way had its effect.

use std::pin::pin;
use std::task::Poll;

use calsync_core::integration::CalendarChoice;
use calsync_engine::disconnect::{self, RemoteItems, SagaState, Started, StepName};
use calsync_testing::on_both_databases;
use calsync_testing::world::World;

use crate::disconnect_removal::synced_to_their_own;

/// What a wipe leaves none of.
const SECRETS: &str = "access_token IS NOT NULL OR refresh_token IS NOT NULL";

/// Every disconnect here waits for Google more often, twice a call; for the database as often as it is slow.
pub(crate) const WAITS_MIN: usize = 8;
/// More waits than any disconnect here has.
pub(crate) const WAITS_MAX: usize = 400;

/// Drops the work after it waited `waits` times; whether it ended before.
pub(crate) async fn killed_after<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut waited = 0;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending if waited == waits => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

/// Kills one disconnect after the other, each a little later, until one ends before.
async fn killed_anywhere(world: &World, choice: CalendarChoice) {
    for waits in 0..WAITS_MAX {
        let user = format!("user{waits}");
        match choice {
            CalendarChoice::New => world.synced(&user, 2).await,
            CalendarChoice::Existing => drop(synced_to_their_own(world, &user, 2).await),
        }
        let Started::Started { saga } = world.start(&user, RemoteItems::Remove).await else { panic!() };
        let lease = disconnect::claim(&world.engine, "doomed", 1).await.unwrap().remove(0);
        let ended = killed_after(waits, disconnect::resume(&world.engine, lease)).await;
        world.restart().await;
        let saga = world.finish(&saga.id).await;
        assert_eq!(saga.state, SagaState::Done, "killed after {waits} waits: {saga:#?}");
        let names: Vec<StepName> = saga.steps.iter().map(|step| step.name).collect();
        assert_eq!(names, StepName::ALL, "receipts are complete");
        assert_eq!(world.events(&user, true).len(), 0);
        assert!(!world.has_grant(&user));
        assert_eq!(world.count("user_integrations", SECRETS).await, 0);
        let calls = world.transport.calls();
        world.put_tasks(&user, 20, "changed").await;
        world.sync().await;
        assert_eq!(world.transport.calls(), calls, "20 changes, no call");
        if ended.is_some() {
            assert!(waits > WAITS_MIN, "it was killed {waits} times only");
            return;
        }
    }
    panic!("it waits more often than {WAITS_MAX} times");
}

on_both_databases! {
    async fn killed_anywhere_it_ends(db: TestDatabase) {
        killed_anywhere(&World::new(db).await, CalendarChoice::New).await;
    }

    async fn killed_anywhere_in_a_users_own_calendar_it_ends(db: TestDatabase) {
        killed_anywhere(&World::new(db).await, CalendarChoice::Existing).await;
    }

    async fn an_overtaken_worker_writes_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        let slow = disconnect::claim(&world.engine, "slow", 1).await.unwrap().remove(0);
        assert_eq!(disconnect::claim(&world.engine, "quick", 1).await.unwrap(), []);
        world.restart().await;
        let error = disconnect::resume(&world.engine, slow).await.unwrap_err();
        assert!(error.is_lease_lost(), "{error}");
        assert_eq!(world.saga(&saga.id).await.steps, []);
        assert_eq!(world.finish(&saga.id).await.state, SagaState::Done);
    }
}
