//! What people and reports may read on Postgres: the tables that the contract names, without a secret.

use calsync_store::disconnects::RequestedBy;
use calsync_store::{Store, StoreOptions};
use calsync_testing::{DatabaseKind, TestDatabase};

use crate::disconnects::start;
use crate::world::{World, at, options, task, task_body};

const VIEWS: [&str; 4] = ["admin_audit_logs", "calendar_sync_logs", "sync_mappings", "user_integrations"];

#[tokio::test]
async fn views_hold_text_times_and_json_and_no_secret() {
    let world = World::new(TestDatabase::new(DatabaseKind::Postgres)).await;
    for user in ["ana", "ben"] {
        world.connected(user).await;
        world.put(&task(user), &task_body(user, "Read"), at(1)).await;
    }
    world.settle(at(1)).await;
    start(&world, "ben", &RequestedBy::Admin { id: "kim".into() }).await;
    let mut raw = world.raw().await;
    let columns = raw
        .texts(
            "SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns
             WHERE table_schema = 'calsync_read' ORDER BY table_name",
        )
        .await;
    let columns: Vec<Vec<&str>> = columns.iter().map(|column| column.splitn(3, ' ').collect()).collect();
    let mut views: Vec<&str> = columns.iter().map(|column| column[0]).collect();
    views.dedup();
    assert_eq!(views, VIEWS);
    let secrets = raw
        .texts(
            "SELECT DISTINCT column_name::TEXT FROM information_schema.columns
             WHERE table_schema = 'calsync' AND (data_type = 'bytea' OR column_name LIKE '%hash')",
        )
        .await;
    assert!(secrets.contains(&"refresh_token".to_owned()), "the look works: {secrets:?}");
    for column in &columns {
        assert!(["text", "timestamp with time zone", "jsonb"].contains(&column[2]), "{column:?}");
        assert!(!secrets.iter().any(|secret| secret == column[1]), "{column:?}");
    }

    let mut shown = String::new();
    for view in VIEWS {
        shown += &raw.texts(&format!("SELECT v::TEXT FROM calsync_read.{view} v")).await.concat();
    }
    for seen in ["ana", "event1", "https://calendar.example.org/event1", "2031-", "integration.disconnect"] {
        assert!(shown.contains(seen), "{seen}: {shown}");
    }
    for token in ["access_token", "refresh_token"] {
        let sealed = raw.texts(&format!("SELECT encode({token}, 'hex') FROM user_integrations")).await;
        assert!(sealed.iter().all(|sealed| sealed.len() > 20 && !shown.contains(sealed)), "{token}");
    }
}

#[tokio::test]
async fn the_longest_name_of_a_schema_leaves_room_for_its_views() {
    let world = World::new(TestDatabase::new(DatabaseKind::Postgres)).await;
    let schema = "x".repeat(58);
    let options = StoreOptions { schema: schema.clone(), ..options(&world.db) };
    Store::open(options, at(0)).await.unwrap();
    let views = format!("SELECT viewname::TEXT FROM pg_views WHERE schemaname = '{schema}_read' ORDER BY 1");
    assert_eq!(world.raw().await.texts(&views).await, VIEWS);
}
