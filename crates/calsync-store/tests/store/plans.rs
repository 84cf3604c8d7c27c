//! The statements that run all day find their rows by an index. Plans are read on SQLite, from the
//! statements as they stand in the source.

use std::fs;

use calsync_testing::{DatabaseKind, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::world::{World, at, task, task_body};

/// The source in `file`, with one space for all white space.
fn source(file: &str) -> String {
    let path = format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The statement in `file` that contains `marker`, with the fragments that it shares filled in.
fn statement(file: &str, marker: &str) -> String {
    let shared = ["dialect.rs", "items/list.rs", "mappings/mod.rs"].map(source).concat();
    let mut text = source(file);
    for fragment in shared.split("macro_rules! ").skip(1) {
        let name = fragment.split_once(' ').unwrap().0;
        let sql = fragment.split('"').nth(1).unwrap();
        text = text
            .replace(&format!("\", {name}!(), \""), sql)
            .replace(&format!("\", {name}!() "), &format!("{sql}\" "));
    }
    let found = text.split('"').find(|text| text.contains(marker));
    found.unwrap_or_else(|| panic!("no statement in {file} contains {marker:?}")).to_owned()
}

async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

#[tokio::test]
async fn frequent_statements_use_their_indexes() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.connected("ana").await;
    world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
    let mut connection = SqliteConnection::connect(&world.db.url).await.unwrap();
    for (file, marker, index) in [
        ("dialect.rs", "lease_until = $5 + $2", "user_integrations_due"),
        ("leases.rs", "SELECT MIN(", "user_integrations_due"),
        ("leases.rs", "COALESCE($4, MIN(due_at), $9)", "sync_mappings_due"),
        ("mappings/due.rs", "FROM sync_mappings m JOIN items i", "sync_mappings_due"),
        ("mappings/due.rs", "SELECT MIN(due_at)", "sync_mappings_due"),
        ("mappings/status.rs", "FROM item_users u", "sqlite_autoindex_item_users_1"),
        ("items/list.rs", "FROM item_users u JOIN items i", "item_users_by_user"),
        (
            "attempts.rs",
            "DELETE FROM calendar_sync_logs WHERE id IN (SELECT id FROM calendar_sync_logs WHERE id < $1",
            "sqlite_autoindex_calendar_sync_logs_1",
        ),
        ("attempts.rs", "outcome IN ('done', 'already_so')", "sqlite_autoindex_calendar_sync_logs_1"),
        ("attempts.rs", "FROM calendar_sync_logs WHERE user_id", "calendar_sync_logs_by_user"),
        ("attempts.rs", "FROM error_groups g", "error_groups_by_last_seen"),
        ("consent/mod.rs", "ORDER BY id DESC", "connect_attempts_by_user"),
        ("disconnects/lease.rs", "SELECT MIN(", "disconnects_due"),
        ("user_deletions.rs", "FROM users u", "users_being_deleted"),
        ("overview.rs", "FROM connect_attempts", "connect_attempts_by_time"),
        ("refusals.rs", "WHERE id > $1", "sqlite_autoindex_refusals_1"),
        ("idempotency.rs", "created_at < $1", "idempotency_keys_by_age"),
        ("consent/links.rs", "DELETE FROM connect_links", "connect_links_by_end"),
        ("webhooks/enqueue.rs", "FROM webhook_endpoint e LEFT JOIN", "webhook_deliveries_by_stream"),
        ("webhooks/lease.rs", "SELECT MIN(due_at)", "webhook_deliveries_due"),
        ("webhooks/list.rs", "DELETE FROM webhook_deliveries", "webhook_deliveries_by_age"),
    ] {
        let plan = plan(&mut connection, &statement(file, marker)).await;
        assert!(plan.iter().any(|step| step.contains(index)), "{file}: {plan:#?}");
        // A sub-select of one row, `next`, is no table.
        let is_scan = |step: &&String| step.starts_with("SCAN") && *step != "SCAN next";
        let scans = plan.iter().find(|step| is_scan(step) && !step.contains("INDEX"));
        assert_eq!(scans, None, "{file}: reads a whole table: {plan:#?}");
        let sorts = plan.iter().find(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        assert_eq!(sorts, None, "{file}: sorts what an index could give in order: {plan:#?}");
    }
}

#[tokio::test]
async fn a_claim_of_deliveries_reads_what_is_due_and_what_is_before_it() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let mut connection = SqliteConnection::connect(&world.db.url).await.unwrap();
    let plan = plan(&mut connection, &statement("webhooks/lease.rs", "WITH due")).await;
    for step in [
        "SEARCH d USING INDEX webhook_deliveries_due (state=? AND due_at<?)",
        "SEARCH earlier USING INDEX webhook_deliveries_by_stream (stream=? AND state=? AND at<?)",
    ] {
        assert!(plan.iter().any(|found| found == step), "{step}: {plan:#?}");
    }
}
