//! Big databases, filled from a seed: a deployment's connections, mappings and a month of attempts, as many
//! as are asked for, so that plans, pages and idle loops can be measured at their full size.
//!
//! Rows are made by the database itself, from their numbers and the seed: the same on SQLite and on Postgres.
//! What would be sealed can't be opened, and no secret is in it. The tables must be there and empty.

mod connection;
mod sql;
mod tables;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::SeededRng;
use connection::Connection;
use sql::Sql;
use tables::Table;

/// Rows made by one statement.
const BATCH: i64 = 50_000;

/// How much there is of what a deployment has most of; the rest follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Connections, one a user.
    pub connections: i64,
    /// Those of them that stopped, with changes that wait for them.
    pub dead: i64,
    /// Mappings, one an item.
    pub mappings: i64,
    /// Attempts of the last 30 days.
    pub attempts: i64,
}

impl Sizes {
    /// Enough for each sort of row to be there.
    pub const SMALL: Self = Self { connections: 1_000, dead: 100, mappings: 5_000, attempts: 10_000 };
    /// A large deployment.
    pub const FULL: Self =
        Self { connections: 100_000, dead: 10_000, mappings: 1_000_000, attempts: 10_000_000 };
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "small" => Ok(Self::SMALL),
            "full" => Ok(Self::FULL),
            _ => Err(format!("{name} is neither `small` nor `full`")),
        }
    }
}

/// What a big database holds.
#[derive(Clone, Copy, Debug)]
pub struct BigDatabase {
    /// How much.
    pub sizes: Sizes,
    /// What the rest is drawn from.
    pub seed: u64,
    /// When the last of it happened.
    pub now: Timestamp,
}

impl fmt::Display for BigDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sizes: Sizes { connections, dead, mappings, attempts }, seed, now } = self;
        write!(
            f,
            "--connections {connections} --dead {dead} --mappings {mappings} --attempts {attempts} --seed {seed} --now {now}"
        )
    }
}

impl BigDatabase {
    /// Fills the tables of the database at `url`; on Postgres those in `schema`. `told` hears of each table
    /// that is full.
    ///
    /// # Panics
    /// If a statement fails.
    pub async fn fill(&self, url: &str, schema: &str, mut told: impl FnMut(&str, i64)) {
        let mut connection = Connection::open(url, schema).await;
        let sql = Sql::new(connection.is_sqlite(), &SeededRng::new(self.seed), self.now);
        // Whole indexes are made faster than they are kept up.
        let indexes = connection.drop_indexes().await;
        for Table { name, rows, columns } in tables::all(&sql, self.sizes) {
            let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            let (names, values) = (names.join(", "), values.join(", "));
            let mut first = 0;
            while first < rows {
                let end = rows.min(first + BATCH);
                let series = format!(
                    "WITH RECURSIVE series (i) AS (SELECT CAST({first} AS BIGINT)
                         UNION ALL SELECT i + 1 FROM series WHERE i + 1 < {end})"
                );
                connection
                    .run(&format!("INSERT INTO {name} ({names}) {series} SELECT {values} FROM series"))
                    .await;
                first = end;
            }
            told(name, rows);
        }
        for index in indexes {
            connection.run(&index).await;
        }
        connection.finish().await;
    }

    /// The id of user `number`, whose connection has the same number: those below `dead` stopped.
    pub fn user(number: i64) -> String {
        format!("user-{number:08x}")
    }

    /// The id of connection `number`.
    pub fn integration(number: i64) -> String {
        format!("{}{number:012x}", sql::INTEGRATION)
    }

    /// The id of item `number`, which user `number % connections` has: a session, a task, a deadline, and so on.
    pub fn item(number: i64) -> String {
        format!("item-{number:08x}")
    }

    /// The id of disconnect `number`.
    pub fn disconnect(number: i64) -> String {
        format!("{}{number:012x}", sql::DISCONNECT)
    }

    /// The id of error group `number`.
    pub fn group(number: i64) -> String {
        format!("group-{number:04x}")
    }
}
