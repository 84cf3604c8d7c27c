//! What can go wrong in the store. "Not found" is never an error: it is `Ok(None)`.

use thiserror::Error;

/// An error of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database failed or refused.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be made.
    #[error("schema: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// A stored value can't be read.
    #[error("corrupt value in {table}.{column} of {id}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
    /// Rows that were read before are not there any more; nothing of the transaction is written.
    #[error("changed {changed} rows of {table} where {wanted} were meant")]
    RowsMissing {
        /// The table.
        table: &'static str,
        /// How many were changed.
        changed: u64,
        /// How many should have been.
        wanted: usize,
    },
    /// Another worker holds the integration now; nothing was written.
    #[error("lost the lease on {0}")]
    LeaseLost(String),
    /// The keys that were given aren't those of this database's secrets.
    #[error("security.encryption_keys: {0}")]
    WrongKeys(String),
    /// The database can't be used as it is.
    #[error("{0}")]
    Unusable(String),
}

impl StoreError {
    /// A reader of columns whose failure names the place.
    pub(crate) fn corrupt(table: &'static str, column: &'static str, id: impl Into<String>) -> Self {
        Self::Corrupt { table, column, id: id.into() }
    }

    /// Tells in the log that the value can't be read.
    pub(crate) fn log(&self) {
        if let Self::Corrupt { table, column, id } = self {
            tracing::error!(table, column, id, "a stored value can't be read");
        }
    }

    /// Whether the same transaction may well succeed when it is run again: a deadlock or a
    /// serialization failure on Postgres, a busy database on SQLite.
    pub fn is_contention(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "5" | "517"))
    }
}
