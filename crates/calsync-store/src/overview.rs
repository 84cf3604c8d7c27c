//! The figures by which a deployment is judged: where its connections stand, how many tries to
//! connect worked, how many disconnects left nothing behind.

use std::collections::BTreeMap;

use calsync_core::integration::{FRESHNESS_PROMISE_MINUTES, GOOGLE, IntegrationState};
use jiff::{SignedDuration, Timestamp};

use crate::db::{fetch_all, fetch_optional};
use crate::integrations::stored_state;
use crate::pauses::Paused;
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx, connection_counts};

/// How many Google connections are in each state that is shown, where there are any.
pub async fn connections(tx: &mut Tx, now: Timestamp) -> Result<Vec<(IntegrationState, i64)>> {
    let is_everything = Paused::read(tx, now).await?.stops_everything();
    let mut connections = BTreeMap::new();
    for (name, count) in connection_counts::by_state(tx, GOOGLE).await? {
        let shown = match stored_state(&name, "one or more") {
            state if is_everything && state.is_held_by_pause() => IntegrationState::Paused,
            state => state,
        };
        *connections.entry(shown).or_default() += count;
    }
    if !is_everything {
        let mut are_shown = |state, count, shown| {
            *connections.entry(state).or_default() -= count;
            *connections.entry(shown).or_default() += count;
        };
        for (name, count) in paused(tx).await? {
            let state = stored_state(&name, "one or more");
            if state.is_held_by_pause() {
                are_shown(state, count, IntegrationState::Paused);
            }
        }
        are_shown(IntegrationState::Active, delayed(tx, now).await?, IntegrationState::Delayed);
    }
    Ok(connections.into_iter().filter(|(_, count)| *count > 0).collect())
}

/// How many connections an admin paused with their user or domain, by the state that is stored.
async fn paused(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT state, COUNT(*) FROM user_integrations
        WHERE is_paused AND provider = $1 GROUP BY state ORDER BY state";
    Ok(fetch_all!(tx, (String, i64), SQL, GOOGLE)?)
}

/// How many active connections have a change that waits for longer than is promised: they are among those
/// that a worker is to claim, now or later.
async fn delayed(tx: &mut Tx, now: Timestamp) -> Result<i64> {
    let promise = SignedDuration::from_mins(FRESHNESS_PROMISE_MINUTES);
    let row = fetch_optional!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM user_integrations g
         WHERE g.claimable_at IS NOT NULL AND g.state = 'active' AND g.provider = $1 AND EXISTS (
             SELECT 1 FROM sync_mappings m WHERE m.integration_id = g.id
                 AND m.sync_state = 'waiting' AND m.updated_at < $2)",
        GOOGLE,
        micros(now.saturating_sub(promise).unwrap_or(now)),
    )?;
    Ok(row.map_or(0, |(delayed,)| delayed))
}

row! {
    /// Tries to connect.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Tries {
        /// Users who were sent to Google.
        pub reached_google: i64,
        /// Those who are connected since.
        pub connected: i64,
        /// Those who said no there.
        pub denied_by_user: i64,
    }
}

/// The tries to connect that began since `since`. One that is still under way has reached Google
/// and is not connected.
pub async fn tries(tx: &mut Tx, since: Timestamp) -> Result<Tries> {
    let tries = fetch_optional!(
        tx,
        Tries,
        "SELECT COUNT(*) AS reached_google,
                COUNT(CASE WHEN outcome = 'connected' THEN 1 END) AS connected,
                COUNT(CASE WHEN reason = 'consent_denied' THEN 1 END) AS denied_by_user
         FROM connect_attempts WHERE started_at >= $1",
        micros(since),
    )?;
    Ok(tries.unwrap_or_default())
}

row! {
    /// Disconnects that were to remove what was synced.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Disconnects {
        /// Those that came to their end.
        pub disconnects: i64,
        /// Those that left nothing behind, at once or after a clean-up.
        pub verified_clean: i64,
        /// Those that left something, and were not cleaned up to their end yet.
        pub leftovers: i64,
    }
}

/// The disconnects from Google that began since `since`. Those whose user keeps what was synced
/// have nothing to clean up, so they don't count.
pub async fn disconnects(tx: &mut Tx, since: Timestamp) -> Result<Disconnects> {
    let disconnects = fetch_optional!(
        tx,
        Disconnects,
        "SELECT COUNT(*) AS disconnects,
                COUNT(CASE WHEN state = 'done' THEN 1 END) AS verified_clean,
                COUNT(CASE WHEN state <> 'done' THEN 1 END) AS leftovers
         FROM disconnects
         WHERE created_at >= $1 AND provider = $2 AND remote_items = 'remove'
           AND (state <> 'running' OR clean_up_id IS NOT NULL)",
        micros(since),
        GOOGLE,
    )?;
    Ok(disconnects.unwrap_or_default())
}
