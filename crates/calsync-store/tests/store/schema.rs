//! The text makes the same schema in both databases: tables, columns, types, nullability, defaults,
//! primary keys, and unique and other indexes by their columns.

use calsync_testing::{DatabaseKind, TestDatabase};

use crate::world::World;

/// A line a column and index of `table`, the same for the same schema.
async fn describe(world: &World, table: &str) -> Vec<String> {
    let (columns, indexes) = match world.db.kind {
        DatabaseKind::Sqlite => (
            format!(
                "SELECT name || ' ' || lower(type)
                     || CASE WHEN \"notnull\" = 1 OR pk > 0 THEN ' not null' ELSE '' END
                     || CASE WHEN pk > 0 THEN ' key ' || pk ELSE '' END
                     || COALESCE(' default ' || lower(dflt_value), '')
                 FROM pragma_table_info('{table}')"
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
                         FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), '')
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
