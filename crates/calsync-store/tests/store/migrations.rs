//! Opening a database: empty, ours, shared with a platform, or somebody else's.

use std::sync::Arc;

use calsync_store::{Store, StoreError, StoreOptions};
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use tokio::task::JoinSet;

use crate::raw::Raw;
use crate::world::{SCHEMA, World, at, options, task, task_body};

on_both_databases! {
    async fn opening_again_changes_nothing_and_keeps_the_id(db: TestDatabase) {
        let world = World::new(db).await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let id = world.store.deployment_id().to_owned();
        assert_eq!(world.store.is_single_process(), world.is_sqlite());
        world.store.close().await;
        let again = Store::open(options(&world.db), at(9)).await.unwrap();
        assert_eq!(again.deployment_id(), id);
        assert_eq!(world.raw().await.count("items", "TRUE").await, 1);
        assert_eq!(world.raw().await.count("_sqlx_migrations", "TRUE").await, 1, "one text");
    }

    async fn processes_that_open_an_empty_database_at_once_agree(db: TestDatabase) {
        let db = Arc::new(db);
        let mut opening = JoinSet::new();
        for _ in 0..6 {
            let db = db.clone();
            opening.spawn(async move { Store::open(options(&db), at(0)).await });
        }
        let stores = opening.join_all().await;
        let ids: Vec<String> = stores.into_iter().map(|store| store.unwrap().deployment_id().into()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    async fn a_database_of_another_text_is_refused_untouched(db: TestDatabase) {
        const NEWER: &str = "INSERT INTO _sqlx_migrations
                (version, description, installed_on, success, checksum, execution_time)
            SELECT 2, 'more', installed_on, success, checksum, execution_time FROM _sqlx_migrations";
        for change in [
            r"UPDATE _sqlx_migrations SET checksum = '\x00'",
            NEWER,
            "UPDATE _sqlx_migrations SET version = 20310301090000, description = 'create things'",
        ] {
            let world = World::new(TestDatabase::new(db.kind)).await;
            world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
            world.store.close().await;
            world.raw().await.run(change).await;
            let before = dumped(&world.db).await;
            let (place, way_out) = if world.is_sqlite() {
                ("The database", "database.url to a file that is not there yet")
            } else {
                ("Schema \"calsync\"", "database.schema to a name that is not taken yet")
            };
            assert_eq!(
                refusal(options(&world.db)).await,
                format!("{place} was made by another version of calsync or by another program. This version can't \
                    upgrade it, and changed nothing. A new database is needed: set {way_out}"),
                "{change}",
            );
            assert_eq!(dumped(&world.db).await, before, "{change}");
        }
    }

    async fn other_addresses_are_refused(db: TestDatabase) {
        let refusal = refusal(StoreOptions { url: "mysql://x".into(), ..options(&db) }).await;
        assert_eq!(refusal, "database.url must begin with sqlite: or postgres://");
    }
}

async fn refusal(options: StoreOptions) -> String {
    match Store::open(options, at(0)).await {
        Err(error @ StoreError::Unusable(_)) => error.to_string(),
        Err(error) => panic!("the message is not for people: {error}"),
        Ok(_) => panic!("it was opened"),
    }
}

/// Everything in a store's database but what opening it writes anew, as text.
async fn dumped(db: &TestDatabase) -> Vec<String> {
    if db.kind == DatabaseKind::Postgres {
        return everything(db, SCHEMA).await;
    }
    let mut raw = Raw::open(db, SCHEMA).await;
    let mut texts = raw.texts("SELECT name || COALESCE(sql, '') FROM sqlite_schema ORDER BY 1").await;
    texts.extend(
        raw.texts("SELECT version || description || hex(checksum) FROM _sqlx_migrations ORDER BY 1").await,
    );
    texts.extend(raw.texts("SELECT key || value FROM meta ORDER BY 1").await);
    texts.extend(raw.texts("SELECT item_id || body || updated_at FROM items ORDER BY 1").await);
    texts
}

/// What a table of a platform's own looks like.
const PLATFORM: &str = "
    CREATE TABLE users (user_id INT PRIMARY KEY, secret TEXT);
    INSERT INTO users VALUES (1, 'theirs');
    CREATE TABLE user_integrations (id TEXT, token TEXT);
    INSERT INTO user_integrations VALUES ('a', 'theirs');
    CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL,
        execution_time BIGINT NOT NULL);";

/// Everything in `schema`, as text.
async fn everything(db: &TestDatabase, schema: &str) -> Vec<String> {
    let sql = format!("SELECT schema_to_xml('{schema}', true, false, '')::TEXT");
    Raw::open(db, schema).await.texts(&sql).await
}

#[tokio::test]
async fn beside_a_platforms_tables_of_the_same_names_on_postgres() {
    let db = TestDatabase::new(DatabaseKind::Postgres);
    Raw::open(&db, "public").await.run(PLATFORM).await;
    let before = everything(&db, "public").await;

    let world = World::new(db).await;
    world.connected("ana").await;
    world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
    world.settle(at(1)).await;
    assert_eq!(everything(&world.db, "public").await, before);
    assert_eq!(world.raw().await.count("calsync.users", "user_id = 'ana'").await, 1);
}

#[tokio::test]
async fn a_schema_of_somebody_elses_is_refused_untouched_on_postgres() {
    let (tables, history) = PLATFORM.split_at(PLATFORM.find("CREATE TABLE _sqlx").unwrap());
    let view = "CREATE VIEW theirs AS SELECT 1 AS one";
    let known =
        format!("{tables}{history} INSERT INTO _sqlx_migrations VALUES (1, 'x', now(), true, 'x', 1);");
    for foreign in [tables, view, PLATFORM, known.as_str()] {
        let db = TestDatabase::new(DatabaseKind::Postgres);
        Raw::open(&db, "public").await.run(foreign).await;
        let before = everything(&db, "public").await;
        let refusal = refusal(StoreOptions { schema: "public".into(), ..options(&db) }).await;
        assert!(refusal.contains("schema \"public\""), "{refusal}");
        assert!(refusal.contains("database.schema"), "it says what to do: {refusal}");
        assert_eq!(everything(&db, "public").await, before);
    }
}

#[tokio::test]
async fn a_schema_that_is_empty_or_of_any_plain_name_will_do_on_postgres() {
    for schema in ["public", "calsync_2", "select"] {
        let db = TestDatabase::new(DatabaseKind::Postgres);
        Store::open(StoreOptions { schema: schema.into(), ..options(&db) }, at(0)).await.unwrap();
        assert!(Raw::open(&db, schema).await.tables().await.contains(&"users".to_owned()));
    }
    let db = TestDatabase::new(DatabaseKind::Postgres);
    for schema in ["", "Calsync", "a b", "a\"; DROP", "pg_mine", "a,public", &"x".repeat(64)] {
        let refusal = refusal(StoreOptions { schema: schema.into(), ..options(&db) }).await;
        assert!(refusal.contains("database.schema"), "{refusal}");
    }
}

#[tokio::test]
async fn every_connection_finds_our_schema_on_postgres() {
    let world = World::new(TestDatabase::new(DatabaseKind::Postgres)).await;
    // Held at once, so that each is a connection of its own.
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut tx = world.begin().await;
        let found = calsync_store::users::get(&mut tx, "ana").await.unwrap();
        assert_eq!(found, None);
        held.push(tx);
    }
}
