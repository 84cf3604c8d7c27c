//! Leases: who works on a row until when. One worker at a time has a connection, a disconnect or a delivery. Each claim
//! raises the row's fence, and its holder writes only where the row still has that fence: a worker that was overtaken
//! writes nothing.
//!
//! A lease ends by the database's clock. Its holder, who looked at its own before the claim, goes by that one.

pub mod deliveries;
pub mod disconnects;
pub mod passes;

use jiff::{SignedDuration, Timestamp};

use crate::db::{execute, fetch_all};
use crate::dialect::lease_clock;
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

/// A claimed row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The row: a connection, a disconnect or a delivery.
    pub id: String,
    /// Who holds it.
    pub owner: String,
    /// Its fence.
    pub fence: i64,
    /// Until when, on the database's clock.
    pub until: Timestamp,
    /// Until when on the clock of its holder: never later.
    pub until_local: Timestamp,
    /// Whether it is to try whether a pause is over ([`crate::pauses`]).
    pub is_probe: bool,
}

row! {
    /// What a claim answers of a row.
    struct Claimed {
        id: String,
        fence: i64,
    }
}

/// How long what is claimed in a transaction is held.
pub(crate) struct Term {
    /// The clock of leases.
    clock: Timestamp,
    pub(crate) until: Timestamp,
    until_local: Timestamp,
}

impl Term {
    /// `length` from now on; `now` was read before the transaction began.
    pub(crate) async fn begin(tx: &mut Tx, length: SignedDuration, now: Timestamp) -> Result<Self> {
        let clock = lease_clock(tx, now).await?;
        let end = |clock: Timestamp| clock.saturating_add(length).unwrap_or(clock);
        Ok(Self { clock, until: end(clock), until_local: end(now) })
    }

    /// The lease of a row with that fence.
    pub(crate) fn lease(&self, owner: &str, id: String, fence: i64) -> Lease {
        let Self { until, until_local, .. } = *self;
        Lease { id, owner: owner.to_owned(), fence, until, until_local, is_probe: false }
    }
}

/// The statement that claims up to `$5` rows of a table, those that `$due` selects, for the owner `$1` until `$4`, where
/// `$2` is now and `$3` the clock of leases.
///
/// Nobody waits for a row that another has locked. Materialized: a sub-select may be run again for each row, and would
/// claim past its limit. The second limit, which no caller reaches, tells Postgres, which plans without looking at what
/// is bound, that it gets few rows.
macro_rules! claim {
    ($dialect:expr, $table:literal, $due:literal, $returning:literal) => {
        match $dialect {
            $crate::db::Dialect::Sqlite => $crate::leases::claim!(@ $table, $due, "", $returning),
            $crate::db::Dialect::Postgres => $crate::leases::claim!(@ $table, $due, " FOR UPDATE SKIP LOCKED", $returning),
        }
    };
    (@ $table:literal, $due:literal, $lock:literal, $returning:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (", $due, " LIMIT $5 + 0", $lock, ")
             UPDATE ", $table, " SET lease_owner = $1, lease_until = $4, fence = fence + 1
             FROM (SELECT id AS due_id FROM due LIMIT 100) AS few WHERE id = due_id
             RETURNING ", $returning
        )
    };
}
use claim;

/// Runs a statement of [`claim`] that takes no other values and returns `id` and `fence`.
async fn claim_rows(
    tx: &mut Tx,
    sql: &'static str,
    owner: &str,
    length: SignedDuration,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Lease>> {
    let term = Term::begin(tx, length, now).await?;
    let (clock, until) = (micros(term.clock), micros(term.until));
    let rows = fetch_all!(tx, Claimed, sql, owner, micros(now), clock, until, limit)?;
    Ok(rows.into_iter().map(|row| term.lease(owner, row.id, row.fence)).collect())
}

/// The statement that tells when the next row of a table can be claimed, of those for which `$waits`: at its `$due_at`, or
/// when its lease is over. Those that are free come in the order of an index; of those under way there are few.
macro_rules! next_due {
    ($table:literal, $due_at:literal, $waits:literal) => {
        concat!(
            "SELECT MIN(next_at) FROM (
                 SELECT MIN(",
            $due_at,
            ") AS next_at FROM ",
            $table,
            "
                 WHERE ",
            $waits,
            " AND lease_until = 0
                 UNION ALL
                 SELECT MIN(CASE WHEN lease_until > ",
            $due_at,
            " THEN lease_until ELSE ",
            $due_at,
            " END)
                 FROM ",
            $table,
            " WHERE lease_until > 0 AND ",
            $waits,
            ") AS next"
        )
    };
}
use next_due;

/// Releases every lease. Only for a database with one process, at its start: what held them is gone. Calls of its last
/// moments may still reach Google, so a disconnect waits for the end of the lease that it took away.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    macro_rules! release {
        ($table:literal $(, $which:literal)?) => {
            execute!(
                tx,
                concat!(
                    "UPDATE ", $table, " SET lease_owner = NULL, lease_until = 0, fence = fence + 1
                     WHERE lease_until > 0" $(, " AND ", $which)?
                )
            )?
        };
    }
    release!("user_integrations", "state <> 'disconnecting'");
    release!("disconnects");
    release!("webhook_deliveries", "state = 'waiting'");
    Ok(())
}
