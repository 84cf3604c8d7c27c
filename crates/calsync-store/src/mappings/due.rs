//! The work of a pass: the pairs that are due, what Google is about to be told, what came of it.

use calsync_core::item::{Item, ItemKey};
use calsync_core::owned::Base;
use calsync_core::plan::{Pair, Phase};
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;
use sqlx::FromRow;

use super::{TABLE, ended, parse};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, items};

/// A due pair with its item.
#[derive(Clone, Debug, PartialEq)]
pub struct DuePair {
    /// What the platform wants.
    pub item: Item,
    /// What is known of Google.
    pub pair: Pair,
    /// The wanted revision that was read.
    pub wanted_revision: i64,
    /// The item's life that was read.
    pub life: i64,
    /// Failures in a row.
    pub failures: i64,
    /// Why the last try failed.
    pub reason: Option<Reason>,
}

#[derive(FromRow)]
struct DueRow {
    kind: String,
    item_id: String,
    body: String,
    revision: i64,
    deleted: bool,
    wanted_revision: i64,
    life: i64,
    generation: i64,
    phase: String,
    remote: Option<String>,
    base: Option<String>,
    failures: i64,
    reason: Option<String>,
}

impl DueRow {
    fn read(self) -> Result<DuePair> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, format!("{}:{}", self.kind, self.item_id));
        let phase = Phase::from_name(&self.phase).ok_or_else(|| corrupt("phase"))?;
        let remote: Option<RemoteEvent> = parse(self.remote.as_deref()).map_err(|()| corrupt("remote"))?;
        let base: Option<Base> = parse(self.base.as_deref()).map_err(|()| corrupt("base"))?;
        Ok(DuePair {
            item: items::item(&self.kind, self.item_id, &self.body, self.revision, self.deleted)?,
            pair: Pair { generation: self.generation, phase, remote, base },
            wanted_revision: self.wanted_revision,
            life: self.life,
            failures: self.failures,
            reason: self.reason.as_deref().and_then(Reason::from_name),
        })
    }
}

/// The pairs of an integration that are due, oldest first.
pub async fn due(tx: &mut Tx, integration_id: &str, now: Timestamp, limit: i64) -> Result<Vec<DuePair>> {
    let rows = fetch_all!(
        tx,
        DueRow,
        "SELECT m.kind, m.item_id, i.body, i.revision, i.deleted, m.wanted_revision, m.life, m.generation,
                m.phase, m.remote, m.base, m.failures, m.reason
         FROM sync_mappings m JOIN items i ON i.kind = m.kind AND i.item_id = m.item_id
         WHERE m.integration_id = $1 AND m.wanted_revision <> m.settled_revision AND m.due_at <= $2
         ORDER BY m.due_at, m.kind, m.item_id LIMIT $3",
        integration_id,
        micros(now),
        limit,
    )?;
    rows.into_iter().map(DueRow::read).collect()
}

/// When the next pair of an integration is due, if any waits.
pub async fn next_due(tx: &mut Tx, integration_id: &str) -> Result<Option<Timestamp>> {
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM sync_mappings WHERE integration_id = $1 AND wanted_revision <> settled_revision",
        integration_id,
    )?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}

/// Stores what Google is about to be told of a pair: its generation and phase, before the call.
pub async fn intend(
    tx: &mut Tx,
    integration_id: &str,
    item: &ItemKey,
    pair: &Pair,
    google_id: &str,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE sync_mappings SET generation = $4, phase = $5, google_id = $6,
             remote = CASE WHEN $5 = 'told' THEN NULL ELSE remote END,
             base = CASE WHEN $5 = 'told' THEN NULL ELSE base END
         WHERE integration_id = $1 AND kind = $2 AND item_id = $3",
        integration_id,
        item.kind.name(),
        &item.id,
        pair.generation,
        pair.phase.name(),
        google_id,
    )?;
    Ok(())
}

/// What came of a pair in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do for the wanted revision that was read.
    Settled {
        /// The state to show.
        state: SyncState,
        /// Why.
        reason: Option<Reason>,
    },
    /// It is due again later.
    Again {
        /// When.
        due_at: Timestamp,
        /// Failures in a row.
        failures: i64,
        /// Why.
        reason: Option<Reason>,
    },
}

/// Stores how a pass left a pair that it read with [`due`]. The caller holds the lease
/// ([`crate::leases::renew`]) in the same transaction. What changed since the pair was read stays
/// due: a new wish at once, and if the item's life ended, what is there is to go.
pub async fn finish(
    tx: &mut Tx,
    integration_id: &str,
    due: &DuePair,
    end: End,
    now: Timestamp,
) -> Result<()> {
    let (item, pair) = (&due.item.key, &due.pair);
    let corrupt = |column| StoreError::corrupt(TABLE, column, item.to_string());
    let remote =
        pair.remote.as_ref().map(serde_json::to_string).transpose().map_err(|_| corrupt("remote"))?;
    let base = pair.base.as_ref().map(serde_json::to_string).transpose().map_err(|_| corrupt("base"))?;
    let (settled, state, reason, due_at, failures) = match end {
        End::Settled { state, reason } => (Some(due.wanted_revision), state, reason, None, 0),
        End::Again { due_at, failures, reason } => {
            (None, SyncState::Waiting, reason, Some(micros(due_at)), failures)
        }
    };
    let synced_at = (settled.is_some() && state == SyncState::Synced).then(|| micros(now));
    const SQL: &str = concat!(
        "UPDATE sync_mappings SET generation = $4,
             phase = CASE WHEN life = $16 THEN $5 ELSE ",
        ended!("$5"),
        " END,
             etag = $6, remote = $7, base = $8,
             settled_revision = COALESCE($9, settled_revision), sync_state = $10, reason = $11,
             due_at = CASE WHEN wanted_revision = $17 THEN COALESCE($12, due_at) ELSE due_at END,
             failures = $13, last_synced_at = COALESCE($14, last_synced_at),
             verified_at = COALESCE($14, verified_at),
             updated_at = CASE WHEN $9 IS NULL THEN updated_at ELSE $15 END
         WHERE integration_id = $1 AND kind = $2 AND item_id = $3"
    );
    execute!(
        tx,
        SQL,
        integration_id,
        item.kind.name(),
        &item.id,
        pair.generation,
        pair.phase.name(),
        pair.remote.as_ref().map(|event| event.etag().to_owned()),
        remote,
        base,
        settled,
        state.name(),
        reason.map(Reason::name),
        due_at,
        failures,
        synced_at,
        micros(now),
        due.life,
        due.wanted_revision,
    )?;
    Ok(())
}
