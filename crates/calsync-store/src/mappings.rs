//! Pairs of item and integration. A pair is due while `wanted_revision` and `settled_revision`
//! differ; a pass stores the wanted revision that it read, so a change meanwhile stays due.

use std::collections::BTreeSet;

use calsync_core::integration::GOOGLE;
use calsync_core::item::{Item, ItemKey, ItemKind};
use calsync_core::owned::Base;
use calsync_core::plan::{Pair, Phase};
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;
use sqlx::FromRow;

use crate::db::{execute, fetch_all};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, items};

const TABLE: &str = "sync_mappings";

/// The phase of a pair whose item the platform removed: what was there is to go, and a removal by
/// the user is forgotten.
macro_rules! ended {
    ($phase:literal) => {
        concat!(
            "CASE ",
            $phase,
            " WHEN 'removed_by_user' THEN 'removed_by_us' WHEN 'there' THEN 'removing'
                 WHEN 'told' THEN 'removing' ELSE ",
            $phase,
            " END"
        )
    };
}

/// What a transaction changed, to be made due by [`touch`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Whose calendar is concerned.
    pub user_id: String,
    /// The item.
    pub item: ItemKey,
    /// Whether the platform removed the item, so that a later PUT starts anew: the item's life ends.
    pub ends_life: bool,
}

/// Makes pairs due and wakes their integrations. Integrations are locked first and in order of
/// their users, like everywhere, so that writers don't deadlock.
pub async fn touch(tx: &mut Tx, touched: &BTreeSet<Touched>, now: Timestamp) -> Result<()> {
    let mut integration: Option<(&str, Option<String>)> = None;
    for pair in touched {
        let id = match &integration {
            Some((user_id, id)) if *user_id == pair.user_id => id.clone(),
            _ => wake(tx, &pair.user_id, now).await?,
        };
        if let Some(id) = &id {
            touch_pair(tx, id, pair, now).await?;
        }
        integration = Some((&pair.user_id, id));
    }
    Ok(())
}

/// Wakes the integration of a user, if they have a live one; answers its id.
pub async fn wake(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<Option<String>> {
    let row = crate::db::fetch_optional!(
        tx,
        (String,),
        "UPDATE user_integrations SET wake_seq = wake_seq + 1,
             due_at = CASE WHEN wake_seq = seen_seq OR due_at > $3 THEN $3 ELSE due_at END
         WHERE user_id = $1 AND provider = $2 AND state NOT IN ('disconnecting', 'disconnected')
         RETURNING id",
        user_id,
        GOOGLE,
        micros(now),
    )?;
    Ok(row.map(|(id,)| id))
}

async fn touch_pair(tx: &mut Tx, integration_id: &str, pair: &Touched, now: Timestamp) -> Result<()> {
    const SQL: &str = concat!(
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, phase, sync_state, failures, created_at, updated_at)
         VALUES ($1, $2, $3, 1, 0, $4, 0, 1, 'untold', 'waiting', 0, $4, $4)
         ON CONFLICT (integration_id, kind, item_id) DO UPDATE SET
             wanted_revision = sync_mappings.wanted_revision + 1, due_at = excluded.due_at, failures = 0,
             updated_at = CASE WHEN sync_mappings.wanted_revision = sync_mappings.settled_revision
                 THEN excluded.updated_at ELSE sync_mappings.updated_at END,
             life = CASE WHEN $5 THEN sync_mappings.life + 1 ELSE sync_mappings.life END,
             phase = CASE WHEN $5 THEN ",
        ended!("sync_mappings.phase"),
        " ELSE sync_mappings.phase END"
    );
    execute!(tx, SQL, integration_id, pair.item.kind.name(), &pair.item.id, micros(now), pair.ends_life)?;
    Ok(())
}

/// Makes every item of the user a due pair of their integration: at its connection, and at a
/// change of its rules.
pub async fn touch_all(tx: &mut Tx, integration_id: &str, user_id: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, phase, sync_state, failures, created_at, updated_at)
         SELECT $1, u.kind, u.item_id, 1, 0, $3, 0, 1, 'untold', 'waiting', 0, $3, $3
         FROM item_users u JOIN items i ON i.kind = u.kind AND i.item_id = u.item_id
         WHERE u.user_id = $2 AND i.deleted = FALSE
         ON CONFLICT (integration_id, kind, item_id) DO NOTHING",
        integration_id,
        user_id,
        micros(now),
    )?;
    execute!(
        tx,
        "UPDATE sync_mappings SET wanted_revision = wanted_revision + 1, due_at = $2, failures = 0, updated_at = $2
         WHERE integration_id = $1 AND wanted_revision = settled_revision",
        integration_id,
        micros(now),
    )?;
    wake(tx, user_id, now).await?;
    Ok(())
}

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

fn parse<T: serde::de::DeserializeOwned>(text: Option<&str>) -> std::result::Result<Option<T>, ()> {
    text.map(|text| serde_json::from_str(text).map_err(|_| ())).transpose()
}

/// The pairs of an integration that are due, oldest first.
pub async fn due(tx: &mut Tx, integration_id: &str, now: Timestamp, limit: i64) -> Result<Vec<DuePair>> {
    let rows = fetch_all!(
        tx,
        DueRow,
        "SELECT m.kind, m.item_id, i.body, i.revision, i.deleted, m.wanted_revision, m.life, m.generation,
                m.phase,                m.remote, m.base, m.failures, m.reason
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
    let row = crate::db::fetch_optional!(
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
             verified_at = COALESCE($14, verified_at), updated_at = $15
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

/// A pair as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPair {
    /// The user.
    pub user_id: String,
    /// The state.
    pub state: SyncState,
    /// Why.
    pub reason: Option<Reason>,
    /// Google's id, once there is one.
    pub google_id: Option<String>,
    /// The calendar.
    pub calendar_id: Option<String>,
    /// Google's version.
    pub etag: Option<String>,
    /// Its address for people.
    pub html_link: Option<String>,
    /// When both sides last agreed.
    pub last_synced_at: Option<Timestamp>,
    /// When Google's copy was last seen.
    pub verified_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct ShownRow {
    user_id: String,
    sync_state: Option<String>,
    is_waiting: Option<bool>,
    reason: Option<String>,
    google_id: Option<String>,
    target_calendar_id: Option<String>,
    etag: Option<String>,
    remote: Option<String>,
    last_synced_at: Option<i64>,
    verified_at: Option<i64>,
}

impl ShownRow {
    fn read(self) -> Result<ShownPair> {
        let stored = match self.sync_state.as_deref() {
            None => SyncState::NotConnected,
            Some(name) => SyncState::from_name(name)
                .ok_or_else(|| StoreError::corrupt(TABLE, "sync_state", self.user_id.clone()))?,
        };
        let state = if self.is_waiting == Some(true) { SyncState::Waiting } else { stored };
        let remote: Option<RemoteEvent> = parse(self.remote.as_deref()).ok().flatten();
        let reason = self.reason.as_deref().and_then(Reason::from_name);
        Ok(ShownPair {
            user_id: self.user_id,
            reason: reason.or((state == SyncState::NotConnected).then_some(Reason::NotConnected)),
            state,
            html_link: remote.as_ref().and_then(|event| event.html_link().map(str::to_owned)),
            google_id: self.google_id.filter(|_| remote.is_some()),
            calendar_id: self.target_calendar_id,
            etag: self.etag,
            last_synced_at: self.last_synced_at.map(time),
            verified_at: self.verified_at.map(time),
        })
    }
}

/// The pairs of one item, one for each of its users.
pub async fn of_item(tx: &mut Tx, kind: ItemKind, item_id: &str) -> Result<Vec<ShownPair>> {
    let rows = fetch_all!(
        tx,
        ShownRow,
        "SELECT u.user_id, m.sync_state, m.wanted_revision <> m.settled_revision AS is_waiting, m.reason,
                m.google_id, g.target_calendar_id, m.etag, m.remote, m.last_synced_at, m.verified_at
         FROM item_users u
         LEFT JOIN user_integrations g ON g.user_id = u.user_id AND g.provider = 'google'
             AND g.state <> 'disconnected'
         LEFT JOIN sync_mappings m ON m.integration_id = g.id AND m.kind = u.kind AND m.item_id = u.item_id
         WHERE u.kind = $1 AND u.item_id = $2 ORDER BY u.user_id",
        kind.name(),
        item_id,
    )?;
    rows.into_iter().map(ShownRow::read).collect()
}
