//! The database itself, past the store.

use sqlx::{AssertSqlSafe, Connection, Executor};

use super::World;
use crate::DatabaseKind;

enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl World {
    /// How many rows of `table` fulfil `condition`.
    pub async fn count(&self, table: &str, condition: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table} WHERE {condition}"));
        match self.past_the_store().await {
            Raw::Sqlite(mut connection) => sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap(),
            Raw::Postgres(mut connection) => {
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// A sealed value of `user`'s integration.
    pub async fn sealed(&self, user: &str, column: &str) -> Vec<u8> {
        let sql = format!("SELECT {column} FROM user_integrations WHERE user_id = $1");
        let sql = AssertSqlSafe(sql);
        match self.past_the_store().await {
            Raw::Sqlite(mut c) => sqlx::query_scalar(sql).bind(user).fetch_one(&mut c).await.unwrap(),
            Raw::Postgres(mut c) => sqlx::query_scalar(sql).bind(user).fetch_one(&mut c).await.unwrap(),
        }
    }

    /// Replaces it.
    pub async fn put_sealed(&self, user: &str, column: &str, sealed: &[u8]) {
        let sql = AssertSqlSafe(format!("UPDATE user_integrations SET {column} = $2 WHERE user_id = $1"));
        let changed = match self.past_the_store().await {
            Raw::Sqlite(mut c) => {
                sqlx::query(sql).bind(user).bind(sealed).execute(&mut c).await.unwrap().rows_affected()
            }
            Raw::Postgres(mut c) => {
                sqlx::query(sql).bind(user).bind(sealed).execute(&mut c).await.unwrap().rows_affected()
            }
        };
        assert_eq!(changed, 1);
    }

    /// Runs SQL past the store.
    pub async fn sql(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.past_the_store().await {
            Raw::Sqlite(mut connection) => sql.execute(&mut connection).await.map(|_| ()),
            Raw::Postgres(mut connection) => sql.execute(&mut connection).await.map(|_| ()),
        }
        .unwrap();
    }

    /// The process ids of the server's sessions of this database; none on SQLite, which has no server.
    pub async fn sessions(&self) -> Vec<i32> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()";
        match self.past_the_store().await {
            Raw::Sqlite(_) => Vec::new(),
            Raw::Postgres(mut connection) => {
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    async fn past_the_store(&self) -> Raw {
        match self.database.kind {
            DatabaseKind::Sqlite => {
                Raw::Sqlite(sqlx::SqliteConnection::connect(&self.database.url).await.unwrap())
            }
            DatabaseKind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.database.url).await.unwrap();
                connection.execute("SET search_path TO calsync").await.unwrap();
                Raw::Postgres(connection)
            }
        }
    }
}
