//! Pauses of the whole deployment: Google refuses our client or project, or fails for everybody. What a pause
//! covers is claimed by nobody ([`crate::leases::claim`]) but a probe, one at a time.

use calsync_core::grant::RENEW_BEFORE_END_MAX;
use calsync_core::pause::{PROBE_EVERY, PauseScope};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::{readable, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it covers.
    pub scope: PauseScope,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub began_at: Timestamp,
    /// When the next connection may try whether it is over.
    pub probe_at: Timestamp,
}

row! {
    struct Row {
        scope: String,
        reason: String,
        began_at: i64,
        probe_at: i64,
    }
}

impl Row {
    fn read(self) -> Result<Pause> {
        let corrupt = |column| StoreError::corrupt("pauses", column, self.scope.clone());
        Ok(Pause {
            scope: PauseScope::from_name(&self.scope).ok_or_else(|| corrupt("scope"))?,
            reason: Reason::from_name(&self.reason).ok_or_else(|| corrupt("reason"))?,
            began_at: time(self.began_at),
            probe_at: time(self.probe_at),
        })
    }
}

/// The pauses that stand, by scope.
pub async fn all(tx: &mut Tx) -> Result<Vec<Pause>> {
    let sql = "SELECT scope, reason, began_at, probe_at FROM pauses ORDER BY scope";
    readable(fetch_all!(tx, Row, sql)?, Row::read)
}

/// Begins a pause that is tried first at `probe_at`, or puts off the next try of the one that stands.
pub async fn begin(
    tx: &mut Tx,
    scope: PauseScope,
    reason: Reason,
    probe_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO pauses (scope, reason, began_at, probe_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (scope) DO UPDATE SET reason = excluded.reason,
             probe_at = CASE WHEN excluded.probe_at > pauses.probe_at THEN excluded.probe_at ELSE pauses.probe_at END",
        scope.name(),
        reason.name(),
        micros(now),
        micros(probe_at.max(now)),
    )?;
    Ok(())
}

/// Ends a pause. False: there was none.
pub async fn end(tx: &mut Tx, scope: PauseScope) -> Result<bool> {
    Ok(execute!(tx, "DELETE FROM pauses WHERE scope = $1", scope.name())? == 1)
}

/// The ends of access tokens: from the first on and before the second.
pub(crate) type TokensEnd = (i64, i64);

const ANY: TokensEnd = (0, i64::MAX);

/// What the pauses that stand leave to be claimed. Where no token can be renewed, connections whose token is
/// good for a while go on.
pub(crate) struct Paused {
    pauses: Vec<Pause>,
    /// A token that ends from then on needs no renewal.
    renewed_from: i64,
}

impl Paused {
    pub(crate) async fn read(tx: &mut Tx, now: Timestamp) -> Result<Self> {
        let renewed_from = now.saturating_add(RENEW_BEFORE_END_MAX).unwrap_or(now);
        Ok(Self { pauses: all(tx).await?, renewed_from: micros(renewed_from) })
    }

    /// Whom no pause covers, if there may be any.
    pub(crate) fn free(&self) -> Option<TokensEnd> {
        if self.pauses.is_empty() {
            return Some(ANY);
        }
        (!self.stops_calls()).then_some((self.renewed_from, i64::MAX))
    }

    /// Whom a pause covers, if there may be any.
    pub(crate) fn covered(&self) -> Option<TokensEnd> {
        if self.pauses.is_empty() {
            return None;
        }
        Some(if self.stops_calls() { ANY } else { (0, self.renewed_from) })
    }

    fn stops_calls(&self) -> bool {
        self.pauses.iter().any(|pause| pause.scope.stops_calls())
    }

    /// When somebody may try next: where several pauses stand, one call tries all of them.
    pub(crate) fn probe_at(&self) -> Timestamp {
        self.pauses.iter().map(|pause| pause.probe_at).max().unwrap_or_default()
    }

    /// Takes the try that is due, and puts the next one off. False: it isn't due, or somebody else has it.
    pub(crate) async fn take_probe(&self, tx: &mut Tx, now: Timestamp) -> Result<bool> {
        if self.probe_at() > now {
            return Ok(false);
        }
        let next = now.saturating_add(PROBE_EVERY).unwrap_or(now);
        for pause in &self.pauses {
            if !move_probe(tx, pause.scope, pause.probe_at, next).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives a try back that nobody could make: no connection is due.
    pub(crate) async fn return_probe(&self, tx: &mut Tx) -> Result<()> {
        for Pause { scope, probe_at, .. } in &self.pauses {
            execute!(
                tx,
                "UPDATE pauses SET probe_at = $2 WHERE scope = $1",
                scope.name(),
                micros(*probe_at)
            )?;
        }
        Ok(())
    }
}

/// Moves the next try of a pause, where it still stands as it was read.
async fn move_probe(tx: &mut Tx, scope: PauseScope, read: Timestamp, next: Timestamp) -> Result<bool> {
    let moved = execute!(
        tx,
        "UPDATE pauses SET probe_at = $3 WHERE scope = $1 AND probe_at = $2",
        scope.name(),
        micros(read),
        micros(next),
    )?;
    Ok(moved == 1)
}
