//! How many connections are in each state. [`roll_up`] counts those whose state changed since they were
//! counted; whoever reads adds those that it has not come to yet, so that the figures are never behind.

use std::collections::BTreeMap;

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::uncounted_integrations;
use crate::rows::{batches, execute_rows, row};
use crate::{Result, Tx};

row! {
    struct Uncounted {
        id: String,
        provider: String,
        counted_state: String,
        state: String,
    }
}

/// Whether any connection is to be counted.
pub async fn is_uncounted(tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT id FROM user_integrations WHERE counted_state <> state ORDER BY user_id LIMIT 1";
    Ok(fetch_optional!(tx, (String,), sql)?.is_some())
}

/// Counts at most `limit` connections by the state that they are in now; answers how many.
pub async fn roll_up(tx: &mut Tx, limit: i64) -> Result<u64> {
    let sql = uncounted_integrations(tx.dialect());
    let uncounted = fetch_all!(tx, Uncounted, sql, limit)?;
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in &uncounted {
        *counts.entry((&one.provider, &one.state)).or_default() += 1;
        if !one.counted_state.is_empty() {
            *counts.entry((&one.provider, &one.counted_state)).or_default() -= 1;
        }
    }
    for batch in batches(&uncounted) {
        execute_rows!(
            tx,
            "UPDATE user_integrations SET counted_state = state WHERE id IN (",
            batch,
            |row, one| row.push_bind(&one.id),
            ")",
        )?;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    for batch in batches(&counts) {
        execute_rows!(
            tx,
            "INSERT INTO connection_counts (provider, state, connections) ",
            batch,
            |row, ((provider, state), connections)| {
                row.push_bind(*provider).push_bind(*state).push_bind(*connections)
            },
            " ON CONFLICT (provider, state)
              DO UPDATE SET connections = connection_counts.connections + excluded.connections",
        )?;
    }
    Ok(u64::try_from(uncounted.len()).unwrap_or(u64::MAX))
}

/// Takes a user's connections, which are about to be deleted, out of what was counted.
pub(crate) async fn subtract(tx: &mut Tx, user_id: &str) -> Result<()> {
    execute!(
        tx,
        "UPDATE connection_counts SET connections = connections - 1
         WHERE (provider, state) IN (SELECT provider, counted_state FROM user_integrations WHERE user_id = $1)",
        user_id,
    )?;
    Ok(())
}

/// How many connections to `provider` are in each state, where there are any.
pub(crate) async fn by_state(tx: &mut Tx, provider: &str) -> Result<Vec<(String, i64)>> {
    Ok(fetch_all!(
        tx,
        (String, i64),
        "SELECT state, CAST(SUM(connections) AS BIGINT) FROM (
             SELECT state, connections FROM connection_counts WHERE provider = $1
             UNION ALL
             SELECT state, 1 FROM user_integrations WHERE counted_state <> state AND provider = $1
             UNION ALL
             SELECT counted_state, -1 FROM user_integrations
             WHERE counted_state <> state AND counted_state <> '' AND provider = $1) AS counted
         GROUP BY state HAVING SUM(connections) > 0",
        provider,
    )?)
}
