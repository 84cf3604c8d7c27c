//! The database past the store, to look at what is really there and to damage it.

use calsync_testing::{DatabaseKind, TestDatabase};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    pub(crate) async fn open(db: &TestDatabase, schema: &str) -> Self {
        match db.kind {
            DatabaseKind::Sqlite => Self::Sqlite(SqliteConnection::connect(&db.url).await.unwrap()),
            DatabaseKind::Postgres => {
                let options: PgConnectOptions = db.url.parse().unwrap();
                let options = options.options([("search_path", schema)]);
                Self::Postgres(PgConnection::connect_with(&options).await.unwrap())
            }
        }
    }

    /// Runs any number of statements.
    pub(crate) async fn run(&mut self, sql: &str) {
        self.try_run(sql).await.unwrap();
    }

    /// Runs statements that may be refused.
    pub(crate) async fn try_run(&mut self, sql: &str) -> sqlx::Result<()> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
        }
    }

    /// The first column of every row, which must be text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
        }
        .unwrap()
    }

    /// How many rows of `table` fulfil `condition`.
    pub(crate) async fn count(&mut self, table: &str, condition: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table} WHERE {condition}"));
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .unwrap()
    }

    /// Our tables.
    pub(crate) async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            }
            Self::Postgres(_) => {
                "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
            }
        };
        let tables = self.texts(sql).await;
        tables.into_iter().filter(|table| table != "_sqlx_migrations").collect()
    }

    /// Ends every connection, as the last step of a disconnect does.
    pub(crate) async fn end_connections(&mut self) {
        let wiped = "state = 'disconnected', access_token = NULL, refresh_token = NULL";
        self.run(&format!("UPDATE user_integrations SET {wiped}")).await;
    }

    /// Sets one column of one integration to an SQL expression.
    pub(crate) async fn set(&mut self, id: &str, column: &str, expression: &str) {
        self.run(&format!("UPDATE user_integrations SET {column} = {expression} WHERE id = '{id}'")).await;
    }
}
