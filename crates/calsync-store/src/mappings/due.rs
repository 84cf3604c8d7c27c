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
use crate::db::{fetch_all, fetch_optional};
use crate::rows::{execute_rows, runs};
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

/// What Google is about to be told of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent<'a> {
    /// The item.
    pub item: &'a ItemKey,
    /// Where the pair stands then.
    pub pair: &'a Pair,
    /// The id that Google will know it by.
    pub google_id: String,
}

/// Stores what Google is about to be told of pairs: generation and phase, before the calls.
pub async fn intend(tx: &mut Tx, integration_id: &str, intents: &[Intent<'_>]) -> Result<()> {
    for run in runs(intents) {
        execute_rows!(
            tx,
            "UPDATE sync_mappings SET generation = v.column4, phase = v.column5, google_id = v.column6,
                 remote = CASE WHEN v.column5 = 'told' THEN NULL ELSE remote END,
                 base = CASE WHEN v.column5 = 'told' THEN NULL ELSE base END
             FROM (",
            run,
            |row, Intent { item, pair, google_id }| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(pair.generation).push_bind(pair.phase.name()).push_bind(google_id)
            },
            ") AS v WHERE integration_id = v.column1 AND kind = v.column2 AND item_id = v.column3",
        )?;
    }
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

/// A pair as a pass leaves it, in the values of its row.
struct Finished<'a> {
    due: &'a DuePair,
    remote: Option<String>,
    base: Option<String>,
    settled: Option<i64>,
    state: SyncState,
    reason: Option<Reason>,
    due_at: Option<i64>,
    failures: i64,
}

impl<'a> Finished<'a> {
    fn new((due, end): &(&'a DuePair, End)) -> Result<Self> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, due.item.key.to_string());
        let Pair { remote, base, .. } = &due.pair;
        let (settled, state, reason, due_at, failures) = match *end {
            End::Settled { state, reason } => (Some(due.wanted_revision), state, reason, None, 0),
            End::Again { due_at, failures, reason } => {
                (None, SyncState::Waiting, reason, Some(micros(due_at)), failures)
            }
        };
        Ok(Self {
            due,
            remote: remote.as_ref().map(serde_json::to_string).transpose().map_err(|_| corrupt("remote"))?,
            base: base.as_ref().map(serde_json::to_string).transpose().map_err(|_| corrupt("base"))?,
            settled,
            state,
            reason,
            due_at,
            failures,
        })
    }
}

/// Stores how a pass left pairs that it read with [`due`]. The caller holds the lease
/// ([`crate::leases::renew`]) in the same transaction. What changed since a pair was read stays
/// due: a new wish at once, and if the item's life ended, what is there is to go.
pub async fn finish(
    tx: &mut Tx,
    integration_id: &str,
    pairs: &[(&DuePair, End)],
    now: Timestamp,
) -> Result<()> {
    const START: &str = concat!(
        "UPDATE sync_mappings SET generation = v.column4,
             phase = CASE WHEN life = v.column5 THEN v.column6 ELSE ",
        ended!("v.column6"),
        " END,
             etag = v.column7, remote = v.column8, base = v.column9,
             settled_revision = COALESCE(v.column10, settled_revision), sync_state = v.column11,
             reason = v.column12, failures = v.column13,
             due_at = CASE WHEN wanted_revision = v.column14 THEN COALESCE(v.column15, due_at) ELSE due_at END,
             last_synced_at = COALESCE(v.column16, last_synced_at),
             verified_at = COALESCE(v.column16, verified_at),
             updated_at = CASE WHEN v.column10 IS NULL THEN updated_at ELSE v.column17 END
         FROM ("
    );
    let finished = pairs.iter().map(Finished::new).collect::<Result<Vec<_>>>()?;
    let now = micros(now);
    for run in runs(&finished) {
        execute_rows!(
            tx,
            START,
            run,
            |row, one| {
                let (item, pair) = (&one.due.item.key, &one.due.pair);
                let is_synced = one.settled.is_some() && one.state == SyncState::Synced;
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(pair.generation).push_bind(one.due.life).push_bind(pair.phase.name());
                row.push_bind(pair.remote.as_ref().map(RemoteEvent::etag));
                row.push_bind(&one.remote).push_bind(&one.base).push_bind(one.settled);
                row.push_bind(one.state.name()).push_bind(one.reason.map(Reason::name));
                row.push_bind(one.failures).push_bind(one.due.wanted_revision).push_bind(one.due_at);
                row.push_bind(is_synced.then_some(now)).push_bind(now)
            },
            ") AS v WHERE integration_id = v.column1 AND kind = v.column2 AND item_id = v.column3",
        )?;
    }
    Ok(())
}
