//! Pauses: Google refuses our client or project, or fails for everybody; or an admin wants it so ([`by_admins`]). What
//! a pause of everybody covers is claimed by nobody ([`crate::leases`]) but a probe,
//! one at a time; where no token of a domain can be renewed, that is read by whoever would renew one.

mod by_admins;
mod claims;

use calsync_core::pause::{PROBE_EVERY, PauseScope};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::{readable, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

pub(crate) use by_admins::update_is_paused;
pub use by_admins::{Begun, NewPauseByAdmin, begin_by_admin, end_by_admin, of_connection, of_target};
pub(crate) use claims::{Paused, TokensEnd};

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Our id.
    pub id: String,
    /// What it covers.
    pub scope: PauseScope,
    /// Which domain, user or operation; empty where there is but one.
    pub key: String,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub began_at: Timestamp,
    /// When the next connection may try whether it is over; an admin's nobody tries.
    pub probe_at: Option<Timestamp>,
    /// Until when it holds anybody; without an end, until a try succeeds or an admin ends it.
    pub until: Option<Timestamp>,
    /// The admin who began it, if one did.
    pub by: Option<PausedBy>,
}

/// Who paused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedBy {
    /// The admin's id, or the name of an API key.
    pub admin_id: String,
    /// Their words.
    pub note: String,
}

impl Pause {
    /// Whether it holds anybody still.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

row! {
    struct Row {
        id: String,
        scope: String,
        key: String,
        reason: String,
        began_at: i64,
        probe_at: Option<i64>,
        until: Option<i64>,
        admin_id: Option<String>,
        note: Option<String>,
    }
}

macro_rules! pauses {
    ($($rest:literal)?) => {
        concat!(
            "SELECT id, scope, key, reason, began_at, probe_at, until, admin_id, note FROM pauses ",
            $($rest)?
        )
    };
}
use pauses;

impl Row {
    fn read(self) -> Result<Pause> {
        let corrupt = |column| StoreError::corrupt("pauses", column, self.id.clone());
        Ok(Pause {
            scope: PauseScope::from_name(&self.scope).ok_or_else(|| corrupt("scope"))?,
            reason: Reason::from_name(&self.reason).ok_or_else(|| corrupt("reason"))?,
            by: self.admin_id.zip(self.note).map(|(admin_id, note)| PausedBy { admin_id, note }),
            id: self.id,
            key: self.key,
            began_at: time(self.began_at),
            probe_at: self.probe_at.map(time),
            until: self.until.map(time),
        })
    }
}

/// The pauses, by scope; also those that hold nobody any more.
pub async fn all(tx: &mut Tx) -> Result<Vec<Pause>> {
    const SQL: &str = pauses!("ORDER BY scope, key, began_at, id");
    readable(fetch_all!(tx, Row, SQL)?, Row::read)
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
    const SQL: &str = pauses!(
        "WHERE admin_id IS NULL AND (scope = 'client' OR (scope = 'domain' AND key = $1))
         ORDER BY scope, key"
    );
    readable(fetch_all!(tx, Row, SQL, domain)?, Row::read)
}

/// A pause that follows from what Google answered.
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
pub async fn begin(tx: &mut Tx, fresh_id: &str, new: NewPause<'_>, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO pauses (scope, key, reason, began_at, probe_at, until, id) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (scope, key) WHERE admin_id IS NULL DO UPDATE SET reason = excluded.reason,
             id = CASE WHEN (pauses.until IS NULL) = (excluded.until IS NULL) THEN pauses.id ELSE excluded.id END,
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
        fresh_id,
    )?;
    Ok(())
}

/// Ends a pause. False: it is over already, or it is another one by now.
pub async fn end(tx: &mut Tx, pause: &Pause) -> Result<bool> {
    let ended = execute!(tx, "DELETE FROM pauses WHERE id = $1", &pause.id)?;
    Ok(ended == 1)
}

/// Forgets the pauses that hold nobody since a time before `before`.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<()> {
    execute!(tx, "DELETE FROM pauses WHERE until < $1", micros(before))?;
    Ok(())
}

/// Takes the try of a pause that is due, and puts the next one off. False: it isn't due, or somebody else has it.
pub async fn take_probe(tx: &mut Tx, pause: &Pause, now: Timestamp) -> Result<bool> {
    let Some(due_at) = pause.probe_at.filter(|probe_at| *probe_at <= now) else { return Ok(false) };
    let next = now.saturating_add(PROBE_EVERY).unwrap_or(now);
    let taken = execute!(
        tx,
        "UPDATE pauses SET probe_at = $3 WHERE id = $1 AND probe_at = $2",
        &pause.id,
        micros(due_at),
        micros(next),
    )?;
    Ok(taken == 1)
}
