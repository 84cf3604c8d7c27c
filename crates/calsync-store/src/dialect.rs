//! The few places where the two databases need different words.

use jiff::Timestamp;

use crate::db::{Dialect, fetch_optional};
use crate::time::time;
use crate::{Result, Tx};

/// Which integrations `core::integration::IntegrationState::is_live` is true of.
macro_rules! live {
    () => {
        $crate::dialect::live!("")
    };
    ($table:literal) => {
        concat!($table, "state NOT IN ('disconnecting', 'disconnected')")
    };
}
pub(crate) use live;

/// Whether an admin's row of `pauses` covers the connection in a row of `$connections`.
macro_rules! covers {
    ($connections:literal) => {
        concat!(
            "pauses.admin_id IS NOT NULL AND ((pauses.scope = 'user' AND pauses.key = ",
            $connections,
            ".user_id) OR (pauses.scope = 'domain' AND pauses.key = ",
            $connections,
            ".account_domain))"
        )
    };
}
pub(crate) use covers;

/// The end of a select of integrations that are about to be changed, so that they are locked in the
/// order of their users; SQLite has one writer.
pub(crate) const fn lock_in_order(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " ORDER BY user_id FOR UPDATE",
    }
}

macro_rules! connections_of {
    ($which:literal) => {
        concat!("SELECT id FROM user_integrations WHERE ", $which, " = $1")
    };
}

/// Locks the connections of a user; SQLite has one writer.
pub(crate) const fn lock_user(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => connections_of!("user_id"),
        Dialect::Postgres => concat!(connections_of!("user_id"), " ORDER BY user_id FOR UPDATE"),
    }
}

/// Locks the connections of a Workspace domain, in the order of their users; SQLite has one writer.
pub(crate) const fn lock_domain(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => connections_of!("account_domain"),
        Dialect::Postgres => concat!(connections_of!("account_domain"), " ORDER BY user_id FOR UPDATE"),
    }
}

macro_rules! pauses_of {
    () => {
        concat!(
            "SELECT pauses.id FROM pauses, user_integrations g WHERE g.id = $1 AND ",
            $crate::dialect::covers!("g")
        )
    };
}

/// Keeps the admins' pauses that cover a connection from being ended; SQLite has one writer.
pub(crate) const fn lock_pauses(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => pauses_of!(),
        Dialect::Postgres => concat!(pauses_of!(), " FOR SHARE OF pauses"),
    }
}

macro_rules! uncounted {
    () => {
        "SELECT id, provider, counted_state, state FROM user_integrations WHERE counted_state <> state
         ORDER BY user_id"
    };
}

/// Locks integrations whose state changed since they were counted, in the order of their users.
pub(crate) const fn uncounted_integrations(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => concat!(uncounted!(), " LIMIT $1"),
        Dialect::Postgres => concat!(uncounted!(), " LIMIT $1 FOR NO KEY UPDATE"),
    }
}

/// Lets Postgres plan the statements of this transaction by what is bound, and row by row through an index: as a rule it
/// doesn't look at values, takes a batch for a tenth of its table, and would read all of it.
pub(crate) async fn plan_for_batch(tx: &mut Tx) -> Result<()> {
    const SQL: &str = "SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE)
        || set_config('enable_seqscan', 'off', TRUE) || set_config('enable_hashjoin', 'off', TRUE)
        || set_config('enable_mergejoin', 'off', TRUE)";
    match tx.dialect() {
        Dialect::Sqlite => {}
        Dialect::Postgres => drop(fetch_optional!(tx, (String,), SQL)?),
    }
    Ok(())
}

/// The time that leases are measured by; see [`crate::db::LeaseClock`].
pub(crate) async fn lease_clock(tx: &mut Tx, now: Timestamp) -> Result<Timestamp> {
    const SQL: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT";
    if !tx.leases_by_database() {
        return Ok(now);
    }
    let row = fetch_optional!(tx, (i64,), SQL)?;
    Ok(row.map_or(now, |(micros,)| time(micros)))
}
