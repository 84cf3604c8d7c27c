//! The text makes the same schema in both databases: tables, columns, types, nullability, defaults,
//! primary keys, and unique and other indexes by their columns.

use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};

use crate::disconnects::started;
use crate::world::{World, at, task, task_body};

/// A line a column and index of `table`, the same for the same schema.
async fn describe(world: &World, table: &str) -> Vec<String> {
    let (columns, indexes) = match world.db.kind {
        DatabaseKind::Sqlite => (
            format!(
                "SELECT name || ' ' || lower(type)
                     || CASE WHEN \"notnull\" = 1 OR pk > 0 THEN ' not null' ELSE '' END
                     || CASE WHEN pk > 0 THEN ' key ' || pk ELSE '' END
                     || COALESCE(' default ' || lower(dflt_value), '')
                     || CASE WHEN hidden > 0 THEN ' generated' ELSE '' END
                 FROM pragma_table_xinfo('{table}')"
            ),
            format!(
                "SELECT CASE WHEN l.origin = 'c' THEN 'index ' || l.name ELSE 'constraint' END
                     || CASE WHEN l.\"unique\" = 1 THEN ' unique' ELSE '' END
                     || CASE WHEN l.partial = 1 THEN ' partial' ELSE '' END
                     || ' (' || (SELECT group_concat(name, ',') FROM
                         (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) || ')'
                 FROM pragma_index_list('{table}') l"
            ),
        ),
        DatabaseKind::Postgres => (
            format!(
                "SELECT a.attname || ' ' || format_type(a.atttypid, -1)
                     || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                     || COALESCE((SELECT ' key ' || array_position(p.conkey, a.attnum) FROM pg_constraint p
                         WHERE p.conrelid = a.attrelid AND p.contype = 'p' AND a.attnum = ANY (p.conkey)), '')
                     || COALESCE(' default ' || (SELECT split_part(pg_get_expr(d.adbin, d.adrelid), '::', 1)
                         FROM pg_attrdef d
                         WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''), '')
                     || CASE WHEN a.attgenerated = '' THEN '' ELSE ' generated' END
                 FROM pg_attribute a WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped"
            ),
            format!(
                "SELECT CASE WHEN EXISTS (SELECT FROM pg_constraint p WHERE p.conindid = i.indexrelid
                             AND p.contype IN ('p', 'u')) THEN 'constraint' ELSE 'index ' || c.relname END
                     || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
                     || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
                     || ' (' || (SELECT string_agg(a.attname, ',' ORDER BY array_position(i.indkey::INT2[], a.attnum))
                         FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) || ')'
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 WHERE i.indrelid = '{table}'::regclass"
            ),
        ),
    };
    let mut raw = world.raw().await;
    let mut lines = raw.texts(&columns).await;
    let mut indexes = raw.texts(&indexes).await;
    indexes.sort();
    lines.extend(indexes);
    lines.into_iter().map(|line| format!("{table}: {line}")).collect()
}

async fn whole(kind: DatabaseKind) -> Vec<String> {
    let world = World::new(TestDatabase::new(kind)).await;
    let mut lines = Vec::new();
    for table in world.raw().await.tables().await {
        lines.extend(describe(&world, &table).await);
    }
    lines
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let sqlite = whole(DatabaseKind::Sqlite).await;
    let postgres = whole(DatabaseKind::Postgres).await;
    assert!(sqlite.len() > 150, "the look works: {sqlite:#?}");
    for line in &sqlite {
        assert!(postgres.contains(line), "only on SQLite: {line}");
    }
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn sealed_values_are_kept_as_bytes_on_both_databases() {
    for (kind, sql) in [
        (
            DatabaseKind::Sqlite,
            "SELECT typeof(access_token) || ' ' || typeof(refresh_token) FROM user_integrations",
        ),
        (
            DatabaseKind::Postgres,
            "SELECT pg_typeof(access_token) || ' ' || pg_typeof(refresh_token) FROM user_integrations",
        ),
    ] {
        let world = World::new(TestDatabase::new(kind)).await;
        world.connected("ana").await;
        let bytes = if world.is_sqlite() { "blob blob" } else { "bytea bytea" };
        assert_eq!(world.raw().await.texts(sql).await, [bytes]);
    }
}

/// A row for each CHECK that it breaks.
const IMPOSSIBLE: [&str; 38] = [
    "INSERT INTO pauses (id, scope, key, reason, began_at, probe_at) VALUES ('p', 'api', '', 'network', 2, 1)",
    "INSERT INTO pauses (id, scope, key, reason, began_at) VALUES ('p', 'api', '', 'network', 2)",
    "INSERT INTO pauses (id, scope, key, reason, began_at, admin_id) VALUES ('p', 'user', 'ana', 'paused', 2, 'kim')",
    "UPDATE user_integrations SET lease_owner = 'worker'",
    "UPDATE user_integrations SET state = 'needs_action', reason = 'grant_revoked'",
    "UPDATE user_integrations SET state = 'disconnected', access_token = NULL",
    "UPDATE calendars SET calendar_id = '', is_ours = FALSE",
    "UPDATE calendars SET is_ours = FALSE, stays = TRUE",
    "UPDATE calendars SET closed_at = 1",
    "UPDATE sync_mappings SET calendar_id = 'c', google_id = 'e', generation = 0",
    "UPDATE sync_mappings SET event_state = 'deleting'",
    "UPDATE sync_mappings SET event_state = 'unconfirmed', google_id = 'e', generation = 0",
    "UPDATE sync_mappings SET event_state = 'unconfirmed', calendar_id = 'c', google_id = 'e', generation = last_generation + 1",
    "UPDATE sync_mappings SET event_state = 'present', calendar_id = 'c', google_id = 'e', generation = 0",
    "UPDATE sync_mappings SET delete_sent_at = 1",
    "UPDATE sync_mappings SET previous_state = 'present', previous_calendar_id = 'c', previous_google_id = 'e'",
    "UPDATE sync_mappings SET previous_state = 'abandoned', previous_calendar_id = 'c', previous_google_id = 'e',
         previous_generation = last_generation + 1",
    "UPDATE sync_mappings SET sync_state = 'synced'",
    "UPDATE sync_mappings SET sync_state = 'parked', synced_desired_revision = desired_revision",
    "INSERT INTO user_edits (integration_id, kind, item_id, id, field, after, verdict, seen_at)
         SELECT integration_id, kind, item_id, 'a', 'title', '1', 'accepted', 1 FROM sync_mappings",
    "INSERT INTO connect_attempts (id, user_id, state_hash, browser_hash, calendar_choice, scopes, started_at,
         expires_at, ended_at) VALUES ('a', 'ana', 'a', 'a', 'new', '', 1, 2, 2)",
    r"INSERT INTO connect_attempts (id, user_id, state_hash, browser_hash, calendar_choice, scopes, started_at,
         expires_at, ended_at, outcome, verifier)
         VALUES ('a', 'ana', 'a', 'a', 'new', '', 1, 2, 2, 'connected', '\x00')",
    "INSERT INTO idempotency_keys (api_key_id, idempotency_key, request_hash, status, created_at)
         VALUES ('a', 'a', 'a', 200, 1)",
    "UPDATE disconnects SET state = 'done'",
    "UPDATE disconnects SET requested_by = 'admin'",
    "UPDATE disconnects SET lease_until = 1",
    "INSERT INTO clean_ups (id, disconnect_id, user_id, link_hash, expires_at, created_at, state_hash)
         SELECT 'a', id, user_id, 'a', 1, 1, 'a' FROM disconnects",
    r"INSERT INTO clean_ups (id, disconnect_id, user_id, link_hash, expires_at, created_at, access_token)
         SELECT 'a', id, user_id, 'a', 1, 1, '\x00' FROM disconnects",
    r"INSERT INTO clean_ups (id, disconnect_id, user_id, link_hash, expires_at, created_at, ended_at, refresh_token)
         SELECT 'a', id, user_id, 'a', 1, 1, 1, '\x00' FROM disconnects",
    "INSERT INTO calendar_sync_logs (id, at, user_id, integration_id, provider, kind, operation, outcome, trace_id)
         VALUES ('a', 1, 'ana', 'a', 'google', 'task', 'insert', 'done', 'a')",
    "INSERT INTO calendar_sync_logs (id, at, user_id, integration_id, provider, group_id, operation, outcome, trace_id)
         VALUES ('a', 1, 'ana', 'a', 'google', 'a', 'insert', 'done', 'a')",
    "INSERT INTO uncounted_attempts (id, user_id, operation, outcome, group_id, attempts, first_at, last_at)
         VALUES ('a', 'ana', 'insert', 'refused', 'a', 1, 1, 1)",
    "INSERT INTO changes (id, at, user_id, item_id, change, outcome, before, after)
         VALUES ('a', 1, 'ana', 'a', 'a', 'a', '{}', '{}')",
    "INSERT INTO change_feed (id, last_position) VALUES (2, 0)",
    "INSERT INTO webhook_endpoint (id, url_hash) VALUES (2, 'a')",
    "INSERT INTO webhook_deliveries (id, at, type, stream, state, is_replay, due_at, attempts, attempted_at, failures,
         lease_until, fence) VALUES ('a', 1, 'a', 'a', 'waiting', FALSE, 1, 1, 1, 1, 0, 0)",
    "INSERT INTO webhook_deliveries (id, at, type, stream, state, is_replay, due_at, attempts, failures, lease_until,
         fence) VALUES ('a', 1, 'a', 'a', 'waiting', FALSE, 1, 1, 0, 0, 0)",
    "INSERT INTO webhook_deliveries (id, at, type, stream, state, is_replay, due_at, attempts, failures, lease_until,
         fence) VALUES ('a', 1, 'a', 'a', 'waiting', FALSE, 1, 0, 0, 1, 1)",
];

on_both_databases! {
    async fn a_row_whose_columns_contradict_each_other_is_refused(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        started(&world, "ana").await;
        for row in IMPOSSIBLE {
            let refused = world.raw().await.try_run(row).await.unwrap_err().to_string();
            assert!(refused.to_lowercase().contains("check constraint"), "{row}: {refused}");
        }
    }
}

#[test]
fn every_check_is_tried() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schema")).unwrap();
    let checks =
        |file: std::fs::DirEntry| std::fs::read_to_string(file.path()).unwrap().matches("CHECK (").count();
    assert_eq!(files.map(|file| checks(file.unwrap())).sum::<usize>(), IMPOSSIBLE.len());
}
