//! Pauses of the whole deployment or a domain: Google refuses our client or project, or fails for everybody. What a
//! pause of everybody covers is claimed by nobody ([`crate::leases::claim`]) but a probe, one at a time; one of a
//! domain is read by whoever would renew a token of its.

use calsync_core::grant::RENEW_BEFORE_END_MAX;
use calsync_core::pause::{PROBE_EVERY, PauseScope};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::{readable, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it covers.
    pub scope: PauseScope,
    /// Which domain; empty where there is but one.
    pub key: String,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub began_at: Timestamp,
    /// When the next connection may try whether it is over.
    pub probe_at: Timestamp,
    /// Until when it holds anybody; without an end, until a try succeeds.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Whether it holds anybody still.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

row! {
    struct Row {
        scope: String,
        key: String,
        reason: String,
        began_at: i64,
        probe_at: i64,
        until: Option<i64>,
    }
}

impl Row {
    fn read(self) -> Result<Pause> {
        let corrupt = |column| StoreError::corrupt("pauses", column, self.scope.clone());
        Ok(Pause {
            scope: PauseScope::from_name(&self.scope).ok_or_else(|| corrupt("scope"))?,
            reason: Reason::from_name(&self.reason).ok_or_else(|| corrupt("reason"))?,
            key: self.key,
            began_at: time(self.began_at),
            probe_at: time(self.probe_at),
            until: self.until.map(time),
        })
    }
}

/// The pauses, by scope; also those that hold nobody any more.
pub async fn all(tx: &mut Tx) -> Result<Vec<Pause>> {
    let sql = "SELECT scope, key, reason, began_at, probe_at, until FROM pauses ORDER BY scope, key";
    readable(fetch_all!(tx, Row, sql)?, Row::read)
}

/// Those that hold anybody.
pub async fn standing(tx: &mut Tx, now: Timestamp) -> Result<Vec<Pause>> {
    let mut pauses = all(tx).await?;
    pauses.retain(|pause| pause.stands(now));
    Ok(pauses)
}

/// The pauses in which tokens can't be renewed: everybody's, and those of a Workspace `domain`. Also those that
/// hold nobody any more.
pub async fn of_grants(tx: &mut Tx, domain: Option<&str>) -> Result<Vec<Pause>> {
    let mut pauses = all(tx).await?;
    pauses.retain(|pause| match pause.scope {
        PauseScope::Client => true,
        PauseScope::Domain => Some(pause.key.as_str()) == domain,
        PauseScope::Api | PauseScope::Project => false,
    });
    Ok(pauses)
}

/// A pause to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewPause<'a> {
    /// What it covers.
    pub scope: PauseScope,
    /// Which domain; empty where there is but one.
    pub key: &'a str,
    /// Why.
    pub reason: Reason,
    /// When it is tried first.
    pub probe_at: Timestamp,
    /// Until when it holds anybody, if it has an end of its own.
    pub until: Option<Timestamp>,
}

/// Begins a pause, or puts off the next try of the one that stands. Where that has an end and the new one has none,
/// or the other way round, it is another one.
pub async fn begin(tx: &mut Tx, new: NewPause<'_>, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO pauses (scope, key, reason, began_at, probe_at, until) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (scope, key) DO UPDATE SET reason = excluded.reason,
             began_at = CASE WHEN (pauses.until IS NULL) = (excluded.until IS NULL)
                 THEN pauses.began_at ELSE excluded.began_at END,
             probe_at = CASE WHEN excluded.probe_at > pauses.probe_at THEN excluded.probe_at ELSE pauses.probe_at END,
             until = CASE WHEN pauses.until IS NULL OR excluded.until IS NULL THEN excluded.until ELSE pauses.until END",
        new.scope.name(),
        new.key,
        new.reason.name(),
        micros(now),
        micros(new.probe_at.max(now)),
        new.until.map(micros),
    )?;
    Ok(())
}

/// Ends a pause. False: it is over already, or it is another one by now.
pub async fn end(tx: &mut Tx, pause: &Pause) -> Result<bool> {
    let ended = execute!(
        tx,
        "DELETE FROM pauses WHERE scope = $1 AND key = $2 AND began_at = $3",
        pause.scope.name(),
        &pause.key,
        micros(pause.began_at),
    )?;
    Ok(ended == 1)
}

/// Forgets the pauses that hold nobody since a time before `before`.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<()> {
    execute!(tx, "DELETE FROM pauses WHERE until < $1", micros(before))?;
    Ok(())
}

/// Takes the try of a pause that is due, and puts the next one off. False: it isn't due, or somebody else has it.
pub async fn take_probe(tx: &mut Tx, pause: &Pause, now: Timestamp) -> Result<bool> {
    if pause.probe_at > now {
        return Ok(false);
    }
    let next = now.saturating_add(PROBE_EVERY).unwrap_or(now);
    let taken = execute!(
        tx,
        "UPDATE pauses SET probe_at = $4 WHERE scope = $1 AND key = $2 AND probe_at = $3",
        pause.scope.name(),
        &pause.key,
        micros(pause.probe_at),
        micros(next),
    )?;
    Ok(taken == 1)
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
        let mut pauses = standing(tx, now).await?;
        pauses.retain(|pause| pause.scope.is_everybodys());
        Ok(Self { pauses, renewed_from: micros(renewed_from) })
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
        for pause in &self.pauses {
            if !take_probe(tx, pause, now).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives a try back that nobody could make: no connection is due.
    pub(crate) async fn return_probe(&self, tx: &mut Tx) -> Result<()> {
        for pause in &self.pauses {
            execute!(
                tx,
                "UPDATE pauses SET probe_at = $3 WHERE scope = $1 AND key = $2",
                pause.scope.name(),
                &pause.key,
                micros(pause.probe_at)
            )?;
        }
        Ok(())
    }
}
