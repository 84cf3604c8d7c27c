//! A connection of its own to either database, in a hurry: what it makes can be made again.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, SqliteConnection};

/// What keeps nothing safe, and remembers much.
const SQLITE_PRAGMAS: [&str; 3] =
    ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000", "PRAGMA temp_store = MEMORY"];
const POSTGRES_SETTINGS: [&str; 3] =
    ["SET synchronous_commit = OFF", "SET maintenance_work_mem = '512MB'", "SET jit = OFF"];

pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    pub(super) async fn open(url: &str, schema: &str) -> Self {
        let mut connection = match url.starts_with("sqlite:") {
            true => {
                let options: SqliteConnectOptions = url.parse().expect("a URL of SQLite");
                Self::Sqlite(options.foreign_keys(false).connect().await.expect("the database's file"))
            }
            false => Self::Postgres(PgConnection::connect(url).await.expect("a Postgres that answers")),
        };
        let settings = if connection.is_sqlite() { SQLITE_PRAGMAS } else { POSTGRES_SETTINGS };
        for setting in settings {
            connection.run(setting).await;
        }
        if !connection.is_sqlite() {
            connection.run(&format!("SET search_path = {schema}")).await;
        }
        connection
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub(super) async fn run(&mut self, sql: &str) {
        let text = AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Drops every index that no constraint needs; gives the statements that make them again.
    pub(super) async fn drop_indexes(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
            Self::Postgres(_) => {
                "SELECT indexname::TEXT, indexdef FROM pg_indexes WHERE schemaname = current_schema()
                     AND indexname NOT IN (SELECT conname FROM pg_constraint)"
            }
        };
        let indexes: Vec<(String, String)> = match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await,
        }
        .expect("the list of indexes");
        for (name, _) in &indexes {
            self.run(&format!("DROP INDEX {name}")).await;
        }
        indexes.into_iter().map(|(_, sql)| sql).collect()
    }

    /// Leaves the database as it would be in use: Postgres knows what it holds, as by its own vacuum.
    pub(super) async fn finish(mut self) {
        if !self.is_sqlite() {
            self.run("VACUUM ANALYZE").await;
        }
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        closed.expect("an end without errors");
    }
}
