//! An account's quota is kept: what has no room waits for it in the store, and nobody else does.

use std::collections::VecDeque;

use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_engine::connect;
use calsync_engine::disconnect::{RemoteItems, SagaState, Started};
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};
use serde_json::json;

/// Units a minute. A tenth is kept for pages.
const QUOTA: u32 = 30;
const TASKS: usize = 100;
/// In seconds.
const MINUTE: usize = 60;
/// Longer than any of these stories.
const SECONDS_MAX: usize = 600;

/// Ana, who has just connected and has `TASKS` tasks.
async fn before_a_backfill(db: TestDatabase) -> World {
    let world = World::with(db, |settings| settings.user_quota_per_minute = QUOTA).await;
    world.account("ana");
    world.put_tasks("ana", TASKS, "").await;
    world.connect("ana", &email("ana"), CalendarChoice::New).await;
    world
}

/// Units that Google counted so far.
fn units(world: &World) -> u64 {
    let state = world.google.state();
    state["quota_units"].as_object().unwrap().values().map(|units| units.as_u64().unwrap()).sum()
}

/// Works second after second until `is_over`, and looks at each minute that Google counted; how many
/// seconds it took.
async fn work_until(world: &World, is_over: impl Fn(&World) -> bool) -> usize {
    let mut last_minute = VecDeque::from([units(world)]);
    for seconds in 0..SECONDS_MAX {
        if is_over(world) {
            return seconds;
        }
        world.sync().await;
        world.resume().await;
        last_minute.push_back(units(world));
        if last_minute.len() > MINUTE {
            let in_a_minute = units(world) - last_minute.pop_front().unwrap();
            assert!(in_a_minute <= u64::from(QUOTA), "{in_a_minute} units in a minute");
        }
        world.advance(1);
    }
    panic!("it doesn't end");
}

on_both_databases! {
    async fn a_backfill_takes_the_minutes_that_its_accounts_quota_takes(db: TestDatabase) {
        let world = before_a_backfill(db).await;
        let seconds = work_until(&world, |world| world.events("ana", true).len() == TASKS).await;
        // 27 units in each 62 seconds, of which one made the calendar.
        assert!((180..=260).contains(&seconds), "{seconds} seconds");
        assert_eq!(world.requests("events.get"), 0, "nothing is in doubt");
        assert_eq!(world.requests("events.insert"), 100, "nothing was refused");
        assert_eq!(world.count("calendar_sync_logs", "outcome <> 'done'").await, 0, "waiting is no failure");
        assert_eq!(world.integration("ana").await.failures, 0);
    }

    async fn another_account_is_not_slowed_by_it(db: TestDatabase) {
        let world = before_a_backfill(db).await;
        world.synced("ben", 0).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 26, "the rest of hers waits");
        world.put_tasks("ben", 20, "now").await;
        world.sync().await;
        assert_eq!((world.events("ana", true).len(), world.events("ben", true).len()), (26, 20));
    }

    async fn a_change_just_made_waits_for_room_as_well(db: TestDatabase) {
        let world = before_a_backfill(db).await;
        world.sync().await;
        let calls = world.transport.calls();
        for number in 0..50 {
            world.put_task("ana", TASKS, &number.to_string(), "active").await;
            world.sync().await;
        }
        assert_eq!(world.transport.calls(), calls, "no wake asks for what there is no room for");
    }

    async fn a_page_opens_during_a_backfill(db: TestDatabase) {
        let world = before_a_backfill(db).await;
        world.sync().await;
        let id = world.integration("ana").await.id;
        for _ in 0..QUOTA / 10 {
            assert!(connect::writable_calendars(&world.engine, &id).await.unwrap().is_some());
        }
        assert_eq!(units(&world), u64::from(QUOTA));
        let refused = connect::writable_calendars(&world.engine, &id).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::WaitingTurn);
        assert_eq!(units(&world), u64::from(QUOTA));
        world.advance(62);
        assert!(connect::writable_calendars(&world.engine, &id).await.unwrap().is_some());
    }

    async fn a_disconnect_keeps_to_it(db: TestDatabase) {
        let world = before_a_backfill(db).await;
        work_until(&world, |world| world.events("ana", true).len() == TASKS).await;
        // The user's own event keeps the calendar, so that each of ours goes by itself.
        let calendar_id = world.integration("ana").await.target_calendar_id.unwrap();
        let theirs = json!({"summary": "Dentist",
            "start": {"date": "2024-03-09"}, "end": {"date": "2024-03-10"}});
        world.google.user_inserts_event(&email("ana"), &calendar_id, &theirs).unwrap();
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else {
            panic!("she is connected");
        };
        let seconds = work_until(&world, |world| world.events("ana", true).is_empty()).await;
        assert!(seconds > 180, "{seconds} seconds");
        assert_eq!(world.finish(&saga.id).await.state, SagaState::Done);
    }
}
