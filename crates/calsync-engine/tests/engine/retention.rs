//! Under a steady load the database stops growing. `RETENTION_DAYS=60 cargo test -p calsync-engine --test engine
//! retention -- --nocapture` looks for longer, and prints a figure for each table.

use std::collections::BTreeMap;

use calsync_core::ids::new_id;
use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_engine::consent::{self, ConsentStart};
use calsync_engine::disconnect::RemoteItems;
use calsync_engine::{maintenance, roll_up};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_store::refusals::{self, Refusal};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

const DAY: i64 = 24 * 3_600;
/// What would grow with time, if nothing were forgotten.
const TABLES: [&str; 22] = [
    "calendar_sync_logs",
    "calendars",
    "changes",
    "clean_ups",
    "connect_attempts",
    "connect_links",
    "connection_counts",
    "disconnect_leftovers",
    "disconnect_steps",
    "disconnects",
    "error_group_users",
    "error_groups",
    "grant_counts",
    "hourly_attempts",
    "idempotency_keys",
    "item_users",
    "items",
    "refusals",
    "sync_mappings",
    "uncounted_attempts",
    "user_edits",
    "users",
];
/// After so many days whatever is kept for some time has begun to be forgotten.
const SETTLED: i64 = 100;
/// Between two connections of the user who doesn't stay.
const VISITS: i64 = 10;

/// A day like every other: three changes, of which one fails at first and one overwrites what its user made of a
/// title, a new task and the end of yesterday's, a refusal, and a user who looks at Google's consent and doesn't
/// come back. Now and then one connects for a day.
async fn live_a_day(world: &World, day: i64) {
    let began = world.engine.now();
    let matches = FaultMatch { method: Some("events.update".into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(503), ..FaultEffect::default() };
    world.google.set_faults(vec![FaultRule { matches, effect, times: Some(1), ..FaultRule::default() }]);
    let mut events = world.events("ana", true).into_iter();
    let event = events.find(|event| event["summary"] != "New").unwrap();
    let (calendar, id) = (event["calendar_id"].as_str().unwrap(), event["id"].as_str().unwrap());
    world.google.user_edits_event(&email("ana"), calendar, id, &json!({"summary": "Mine"})).unwrap();
    for task in 0..3 {
        world.put_task("ana", task, &format!("of day {day}"), "active").await;
    }
    let today = usize::try_from(10 + day).unwrap();
    let due_on = began.to_zoned(TimeZone::UTC).date().to_string();
    let task = json!({"user_ids": ["ana"], "title": "New", "due_on": due_on, "status": "active"});
    world.put(ItemKind::Task, &format!("ana-{today}"), &task).await;
    world.sync().await;
    if day > 0 {
        world.delete_task("ana", today - 1).await;
    }
    world.advance(3_600);
    world.sync().await;
    if day % VISITS == 0 {
        world.connect("ben", &email("ben"), CalendarChoice::New).await;
        world.sync().await;
        world.disconnect("ben", RemoteItems::Remove).await;
    }
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
    let passed = engine.now().duration_since(began);
    world.advance(DAY - passed.as_secs());
    roll_up::round(engine).await.unwrap();
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
        world.account("ben");
        let more = std::env::var_os("RETENTION_DAYS");
        let more = more.map_or(VISITS, |days| days.to_str().unwrap().parse().unwrap());
        assert_eq!(more % VISITS, 0, "whole rounds of what happens now and then");
        for day in 0..SETTLED {
            live_a_day(&world, day).await;
        }
        let before = rows(&world).await;
        for day in SETTLED..SETTLED + more {
            live_a_day(&world, day).await;
        }
        let after = rows(&world).await;
        for (table, rows) in &after {
            println!("{:>6} → {rows:>6} {table}", before[table]);
        }
        assert_eq!(after, before, "after {more} more days");
        let failed = world.count("calendar_sync_logs", "outcome = 'unknown'").await;
        let succeeded = world.count("calendar_sync_logs", "outcome = 'done'").await;
        assert!((29..=31).contains(&failed), "failures of 30 days: {failed}");
        assert!(succeeded < 5 * 12, "successes of 3 days: {succeeded}");
    }
}
