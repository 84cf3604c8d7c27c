//! The figures of a deployment, from the rows that they are counted from.

use calsync_core::disconnect::SagaState;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_store::connection_counts;
use calsync_store::consent::{self, NewAttempt};
use calsync_store::overview::{self, Disconnects, Tries};
use calsync_testing::on_both_databases;
use jiff::Timestamp;

use crate::disconnects::started;
use crate::world::{World, at, task, task_body};

/// A try that began at `began` and ended so; none: it goes on.
async fn tries(world: &World, id: &str, began: Timestamp, end: Option<Option<Reason>>) {
    let mut tx = world.begin().await;
    let new = NewAttempt {
        id,
        user_id: "ana",
        state: id,
        browser: "her-browser",
        verifier: &"the-verifier".into(),
        calendar_choice: CalendarChoice::New,
        target_calendar: None,
        scopes: &["calendar".to_owned()].into(),
        return_url: None,
        expires_at: at(30),
    };
    consent::begin(&world.store, &mut tx, new, began).await.unwrap();
    if let Some(reason) = end {
        consent::end(&mut tx, id, reason, began).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn roll_up(world: &World, limit: i64) -> u64 {
    let mut tx = world.begin().await;
    let counted = connection_counts::roll_up(&mut tx, limit).await.unwrap();
    tx.commit().await.unwrap();
    counted
}

on_both_databases! {
    async fn connections_are_counted_by_the_state_that_is_shown(db: TestDatabase) {
        let world = World::new(db).await;
        assert_eq!(overview::connections(&mut world.read().await, at(0)).await.unwrap(), []);
        world.connected("ana").await;
        world.connected("ben").await;
        world.settle(at(0)).await;
        world.consented("eva", "eva", CalendarChoice::Existing).await;
        world.put(&task("late"), &task_body("ana", "Late"), at(1)).await;
        started(&world, "ben").await;
        let counted = async |minute| {
            let mut found = overview::connections(&mut world.read().await, at(minute)).await.unwrap();
            found.sort();
            found
        };
        let [connecting, active] = [IntegrationState::Connecting, IntegrationState::Active].map(|one| (one, 1));
        let [delayed, disconnecting] =
            [IntegrationState::Delayed, IntegrationState::Disconnecting].map(|one| (one, 1));
        assert_eq!(counted(5).await, [connecting, active, disconnecting]);
        assert_eq!(counted(7).await, [connecting, delayed, disconnecting]);
        // In two rounds, with a change of state between them and one behind them.
        assert!(connection_counts::is_uncounted(&mut world.read().await).await.unwrap());
        assert_eq!(roll_up(&world, 2).await, 2);
        world.raw().await.end_connections().await;
        assert_eq!(roll_up(&world, 9).await, 3);
        assert_eq!(counted(7).await, [(IntegrationState::Disconnected, 3)]);
        world.raw().await.run("UPDATE user_integrations SET state = 'active' WHERE user_id = 'eva'").await;
        assert_eq!(counted(7).await, [active, (IntegrationState::Disconnected, 2)]);
        assert_eq!((roll_up(&world, 9).await, roll_up(&world, 9).await), (1, 0));
        assert!(!connection_counts::is_uncounted(&mut world.read().await).await.unwrap());
        assert_eq!(counted(7).await, [active, (IntegrationState::Disconnected, 2)]);
    }

    async fn tries_are_counted_by_how_they_ended(db: TestDatabase) {
        let world = World::new(db).await;
        tries(&world, "early", at(0), Some(None)).await;
        tries(&world, "worked", at(1), Some(None)).await;
        tries(&world, "denied", at(1), Some(Some(Reason::ConsentDenied))).await;
        tries(&world, "partial", at(1), Some(Some(Reason::ConsentPartial))).await;
        tries(&world, "never-back", at(1), None).await;
        let counted = overview::tries(&mut world.read().await, at(1)).await.unwrap();
        assert_eq!(counted, Tries { reached_google: 4, connected: 1, denied_by_user: 1 });
        assert_eq!(overview::tries(&mut world.read().await, at(2)).await.unwrap(), Tries::default());
    }

    async fn disconnects_are_counted_once_they_ended(db: TestDatabase) {
        let world = World::new(db).await;
        for (user, state) in [("ana", SagaState::Done), ("ben", SagaState::DoneWithLeftovers),
            ("cho", SagaState::Running)] {
            world.connected(user).await;
            let id = started(&world, user).await.id;
            if state != SagaState::Running {
                let ended = format!("state = '{}', ended_at = 1", state.name());
                world.raw().await.run(&format!("UPDATE disconnects SET {ended} WHERE id = '{id}'")).await;
            }
        }
        world.connected("eva").await;
        started(&world, "eva").await;
        let kept = "UPDATE disconnects SET state = 'done', ended_at = 1, remote_items = 'keep' WHERE user_id = 'eva'";
        world.raw().await.run(kept).await;
        let counted = overview::disconnects(&mut world.read().await, at(2)).await.unwrap();
        assert_eq!(counted, Disconnects { disconnects: 2, verified_clean: 1, leftovers: 1 });
        let cleaning = "UPDATE disconnects SET state = 'running', ended_at = NULL, clean_up_id = 'c' WHERE user_id = 'ben'";
        world.raw().await.run(cleaning).await;
        assert_eq!(overview::disconnects(&mut world.read().await, at(2)).await.unwrap(), counted);
        assert_eq!(overview::disconnects(&mut world.read().await, at(3)).await.unwrap(), Disconnects::default());
    }
}
