//! A transaction on either database, and the one macro that runs a statement on both.
//!
//! Where a bound value alone is the limit of a statement, SQLite prepares it anew for each run, to plan by the value. What
//! each pass runs says `LIMIT $3 + 0`, which it can't look into.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Database, Postgres, Sqlite, Transaction};

use crate::Result;

/// Which database a statement runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A transaction, or what only reads ([`crate::Store::read`]). A transaction that is dropped without [`Tx::commit`] leaves
/// nothing behind.
pub enum Tx {
    /// On SQLite.
    Sqlite(Handle<Sqlite>),
    /// On Postgres, with the clock of its leases.
    Postgres(Handle<Postgres>, LeaseClock),
}

/// What statements run on.
pub enum Handle<DB: Database> {
    /// All of them or none.
    Transaction(Transaction<'static, DB>),
    /// Each by itself. Nothing may be written, which would stand at once on Postgres; SQLite refuses it. What only reads
    /// sees what was committed before each statement, as it does in a transaction on Postgres, and to begin and end one
    /// would cost as much as two statements.
    Reading(PoolConnection<DB>),
}

impl<DB: Database> Deref for Handle<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Transaction(tx) => tx,
            Self::Reading(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for Handle<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Transaction(tx) => tx,
            Self::Reading(connection) => connection,
        }
    }
}

impl<DB: Database> Handle<DB> {
    async fn commit(self) -> Result<()> {
        match self {
            Self::Transaction(tx) => Ok(tx.commit().await?),
            Self::Reading(_) => Ok(()),
        }
    }
}

/// The clock by which leases are measured on Postgres. SQLite has one process, and that one's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseClock {
    /// The database's, so that workers with wrong clocks agree.
    Database,
    /// The one that is passed like all times, for a deployment whose clock is moved by hand.
    Passed,
}

/// Runs one statement on whichever database the transaction holds.
macro_rules! on {
    ($tx:expr, |$connection:ident| $run:expr) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                let $connection = &mut **tx;
                $run
            }
            $crate::Tx::Postgres(tx, _) => {
                let $connection = &mut **tx;
                $run
            }
        }
    };
}

/// Runs a statement and answers the number of rows that it changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::on!($tx, |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
    };
}

/// Reads at most one row.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::on!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(c).await)
    };
}

/// Reads all rows; every statement that comes here has a LIMIT or a bounded owner.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::on!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(c).await)
    };
}
pub(crate) use {execute, fetch_all, fetch_optional, on};

impl Tx {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
        }
    }

    /// Whether leases are measured by the database's clock.
    pub(crate) const fn leases_by_database(&self) -> bool {
        matches!(self, Self::Postgres(_, LeaseClock::Database))
    }

    /// Makes it so, for good: both databases fsync before this answers.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx, _) => tx.commit().await,
        }
    }
}
