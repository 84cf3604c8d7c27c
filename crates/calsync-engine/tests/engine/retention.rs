//! Under a steady load the database stops growing.

use std::collections::BTreeMap;

use calsync_core::ids::new_id;
use calsync_core::integration::CalendarChoice;
use calsync_engine::consent::{self, ConsentStart};
use calsync_engine::maintenance;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_store::refusals::{self, Refusal};
use calsync_testing::on_both_databases;
use calsync_testing::world::World;
use jiff::SignedDuration;

const DAY: i64 = 24 * 3_600;
/// What grows with time, if nothing is forgotten.
const TABLES: [&str; 6] =
    ["calendar_sync_logs", "refusals", "changes", "connect_links", "connect_attempts", "error_groups"];

/// A day like every other: three changes, of which one fails at first, a refusal, a user who looks at
/// Google's consent and doesn't come back, and one who moves an event, which is undone.
async fn live_a_day(world: &World, day: i64) {
    let matches = FaultMatch { method: Some("events.update".into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(503), ..FaultEffect::default() };
    world.google.set_faults(vec![FaultRule { matches, effect, times: Some(1), ..FaultRule::default() }]);
    for task in 0..3 {
        world.put_task("ana", task, &format!("of day {day}"), "active").await;
    }
    world.sync().await;
    world.advance(3_600);
    world.sync().await;
    let engine = &world.engine;
    let refusal = Refusal {
        id: new_id(engine.now(), engine.entropy()),
        at: engine.now(),
        key_name: "platform".into(),
        kind: Some("task".into()),
        item_id: Some("t".into()),
        user_id: None,
        status: 422,
        errors: Vec::new(),
    };
    let mut tx = engine.store().begin().await.unwrap();
    refusals::record(&mut tx, &refusal).await.unwrap();
    tx.commit().await.unwrap();
    let link = consent::create_link(engine, "ana", None, SignedDuration::from_secs(900)).await.unwrap();
    let link = link.unwrap().url.rsplit('/').next().unwrap().to_owned();
    let begun = consent::begin(engine, &link, CalendarChoice::New).await.unwrap();
    assert!(matches!(begun, ConsentStart::Redirect { .. }));
    world.advance(DAY - 3_600);
    maintenance::round(engine).await.unwrap();
}

async fn rows(world: &World) -> BTreeMap<&'static str, i64> {
    let mut rows = BTreeMap::new();
    for table in TABLES {
        rows.insert(table, world.count(table, "1 = 1").await);
    }
    rows
}

on_both_databases! {
    async fn under_a_steady_load_the_database_stops_growing(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        for day in 0..100 {
            live_a_day(&world, day).await;
        }
        let before = rows(&world).await;
        println!("after 100 days: {before:?}");
        for day in 100..120 {
            live_a_day(&world, day).await;
        }
        assert_eq!(rows(&world).await, before, "after 120 days");
        let failed = world.count("calendar_sync_logs", "outcome = 'unknown'").await;
        let succeeded = world.count("calendar_sync_logs", "outcome = 'done'").await;
        assert!((29..=31).contains(&failed), "failures of 30 days: {failed}");
        assert!(succeeded < 5 * 8, "successes of 3 days: {succeeded}");
    }
}
