//! The work of a pass: the mappings that are due, the intents before its calls, and the outcomes.

use calsync_core::item::Item;
use calsync_core::plan::Mapping;
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;

use super::stored::{Changes, MappingValues, StoredEvent, StoredMapping, store_events};
use super::{TABLE, after_reset};
use crate::db::{fetch_all, fetch_optional};
use crate::rows::{all_changed, batches, execute_rows, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, items};

row! {
    /// A mapping's counters, and of each the value for which nothing was left to do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Revisions {
        /// Raised by what the platform wants.
        pub desired_revision: i64,
        /// Raised by what is seen at Google.
        pub remote_revision: i64,
        /// Raised by rules and choices.
        pub policy_revision: i64,
        synced_desired_revision: i64,
        synced_policy_revision: i64,
    }
}

impl Revisions {
    /// Whether something else may have been wanted between what was last synced and now, by a wish or by a rule: a
    /// user's time zone counts as much as a title. What was stopped, or left with a connection, was not synced.
    pub const fn has_skipped(&self) -> bool {
        let wishes = self.desired_revision - self.synced_desired_revision;
        let rules = self.policy_revision - self.synced_policy_revision;
        wishes + rules > 1
    }
}

/// A due mapping with its item.
#[derive(Clone, Debug, PartialEq)]
pub struct DueMapping {
    /// What the platform wants.
    pub item: Item,
    /// What is known of Google.
    pub mapping: Mapping,
    /// What was read of its counters.
    pub revisions: Revisions,
    /// The item's incarnation that was read.
    pub incarnation: i64,
    /// Failures in a row.
    pub failures: i64,
    /// Why the last try failed.
    pub reason: Option<Reason>,
    /// Rounds in a row that changed nothing at Google; [`finish`] stores them where it is due again.
    pub rounds_without_progress: i64,
    /// The copies of events that are stored.
    stored: Vec<StoredEvent>,
}

/// What a pass has to do.
#[derive(Debug, Default)]
pub struct Due {
    /// The mappings that are due, oldest first.
    pub mappings: Vec<DueMapping>,
    /// Those of them that can't be read.
    pub unreadable: Vec<UnreadableMapping>,
}

/// A due mapping that can't be read.
#[derive(Debug)]
pub struct UnreadableMapping {
    /// The item's kind, as it is stored.
    pub kind: String,
    /// The item's id.
    pub item_id: String,
    /// What was read of its counters.
    pub revisions: Revisions,
    /// Which table, column and row it is.
    pub error: StoreError,
}

row! {
    struct DueRow {
        kind: String,
        item_id: String,
        body: String,
        revision: i64,
        deleted: bool,
        incarnation: i64,
        failures: i64,
        reason: Option<String>,
        rounds_without_progress: i64,
        ..
        revisions: Revisions,
        mapping: StoredMapping,
    }
}

impl DueRow {
    fn read(self) -> Result<DueMapping> {
        let (mapping, stored) = self.mapping.read(&format!("{}:{}", self.kind, self.item_id))?;
        Ok(DueMapping {
            item: items::item(&self.kind, self.item_id, &self.body, self.revision, self.deleted)?
                .readable()?,
            mapping,
            revisions: self.revisions,
            incarnation: self.incarnation,
            failures: self.failures,
            reason: self.reason.as_deref().and_then(Reason::from_name),
            rounds_without_progress: self.rounds_without_progress,
            stored,
        })
    }
}

/// The mappings of an integration that are due, at most `limit`. One that can't be read takes no other with it.
pub async fn due(tx: &mut Tx, integration_id: &str, now: Timestamp, limit: i64) -> Result<Due> {
    let rows = fetch_all!(
        tx,
        DueRow,
        "SELECT m.kind, m.item_id, i.body, i.revision, i.deleted, m.desired_revision, m.remote_revision,
                m.policy_revision, m.synced_desired_revision, m.synced_policy_revision, m.incarnation, m.event_state,
                m.calendar_id, m.google_id, m.generation, m.last_generation, m.delete_sent_at, m.base, m.previous_state, m.previous_calendar_id, m.previous_google_id,
                m.previous_generation, m.previous_etag, m.previous_base, m.failures, m.reason, m.rounds_without_progress,
                r.event AS remote, p.event AS previous_remote
         FROM sync_mappings m JOIN items i ON i.kind = m.kind AND i.item_id = m.item_id
         LEFT JOIN remote_events r ON r.integration_id = m.integration_id AND r.kind = m.kind
             AND r.item_id = m.item_id AND r.google_id = m.google_id
         LEFT JOIN remote_events p ON p.integration_id = m.integration_id AND p.kind = m.kind
             AND p.item_id = m.item_id AND p.google_id = m.previous_google_id
         WHERE m.integration_id = $1 AND m.sync_state = 'waiting' AND m.due_at <= $2
         ORDER BY m.due_at, m.kind, m.item_id LIMIT $3 + 0",
        integration_id,
        micros(now),
        limit,
    )?;
    let mut due = Due::default();
    for row in rows {
        let (kind, item_id, revisions) = (row.kind.clone(), row.item_id.clone(), row.revisions);
        match row.read() {
            Ok(mapping) => due.mappings.push(mapping),
            Err(error @ StoreError::Corrupt { .. }) => {
                due.unreadable.push(UnreadableMapping { kind, item_id, revisions, error });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(due)
}

/// When the next mapping of an integration is due, if any waits.
pub async fn next_due(tx: &mut Tx, integration_id: &str) -> Result<Option<Timestamp>> {
    let row = fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM sync_mappings WHERE integration_id = $1 AND sync_state = 'waiting'",
        integration_id,
    )?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}

/// The columns that say where a mapping stands, after the key of its row and the incarnation that was read.
macro_rules! mapping_columns {
    () => {
        "integration_id, kind, item_id, incarnation, event_state, calendar_id, google_id, generation, last_generation,
         delete_sent_at, etag, base, previous_state, previous_calendar_id, previous_google_id,
         previous_generation, previous_etag, previous_base"
    };
}

/// Binds the values of [`mapping_columns`], in their order.
macro_rules! bind_mapping {
    ($row:expr, $integration_id:expr, $due:expr, $values:expr) => {
        let (item, values) = (&$due.item.key, &$values);
        let (here, previous) = (values.address, values.previous_address);
        $row.push_bind($integration_id).push_bind(item.kind.name()).push_bind(&item.id);
        $row.push_bind($due.incarnation).push_bind(values.event_state);
        $row.push_bind(here.map(|address| &address.calendar_id));
        $row.push_bind(here.map(|address| &address.google_id));
        $row.push_bind(here.map(|address| address.generation)).push_bind(values.last_generation);
        $row.push_bind(values.delete_sent_at).push_bind(values.etag);
        $row.push_bind(&values.base).push_bind(values.previous_state);
        $row.push_bind(previous.map(|address| &address.calendar_id));
        $row.push_bind(previous.map(|address| &address.google_id));
        $row.push_bind(previous.map(|address| address.generation)).push_bind(values.previous_etag);
        $row.push_bind(&values.previous_base);
    };
}

/// Sets them. A mapping whose item's incarnation ended meanwhile is to go all the same.
macro_rules! set_mapping {
    () => {
        concat!(
            ") UPDATE sync_mappings SET
                 event_state = CASE WHEN sync_mappings.incarnation = v.incarnation THEN v.event_state ELSE ",
            after_reset!("v.event_state"),
            " END,
                 delete_sent_at = CASE WHEN sync_mappings.incarnation = v.incarnation THEN v.delete_sent_at END,
                 calendar_id = v.calendar_id, google_id = v.google_id, generation = v.generation,
                 last_generation = v.last_generation, etag = v.etag, base = v.base,
                 previous_state = v.previous_state, previous_calendar_id = v.previous_calendar_id,
                 previous_google_id = v.previous_google_id, previous_generation = v.previous_generation,
                 previous_etag = v.previous_etag, previous_base = v.previous_base"
        )
    };
}

/// Which row each of the values is for.
macro_rules! of_mapping {
    () => {
        " FROM v WHERE sync_mappings.integration_id = v.integration_id AND sync_mappings.kind = v.kind
              AND sync_mappings.item_id = v.item_id"
    };
}

/// Stores where mappings stand while the calls of a pass are under way
/// ([`calsync_core::plan::PlanStep::intent`]), before they are sent. Nothing was seen at Google since the
/// mappings were read, so no copy is written.
pub async fn record_intents(
    tx: &mut Tx,
    integration_id: &str,
    intents: &[(&DueMapping, Mapping)],
) -> Result<()> {
    const START: &str = concat!("WITH v(", mapping_columns!(), ") AS (");
    const END: &str = concat!(set_mapping!(), of_mapping!());
    let rows = intents.iter().map(|(due, mapping)| Ok((due, MappingValues::of(&due.item.key, mapping)?)));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    for batch in batches(&rows) {
        let changed = execute_rows!(
            tx,
            START,
            batch,
            |row, (due, values)| {
                bind_mapping!(row, integration_id, due, values);
            },
            END,
        )?;
        all_changed(TABLE, changed, batch.len())?;
    }
    Ok(())
}

/// What came of a mapping in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do for the revisions that were read, or it is stopped.
    Done {
        /// The state to show.
        state: SyncState,
        /// The cause, from `core::reason`.
        reason: Option<Reason>,
    },
    /// It is due again later.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Failures in a row.
        failures: i64,
        /// The cause, from `core::reason`.
        reason: Option<Reason>,
    },
}

/// A mapping as a pass leaves it, in the values of its row.
struct ResultValues<'a> {
    due: &'a DueMapping,
    mapping: MappingValues<'a>,
    state: SyncState,
    reason: Option<Reason>,
    due_at: Option<i64>,
    failures: i64,
    rounds: i64,
}

impl<'a> ResultValues<'a> {
    fn of((due, end): &(&'a DueMapping, End)) -> Result<Self> {
        let (state, reason, due_at, failures, rounds) = match *end {
            End::Done { state, reason } => (state, reason, None, 0, 0),
            End::Retry { due_at, failures, reason } => {
                let rounds = due.rounds_without_progress;
                (SyncState::Waiting, reason, Some(micros(due_at)), failures, rounds)
            }
        };
        Ok(Self {
            due,
            mapping: MappingValues::of(&due.item.key, &due.mapping)?,
            state,
            reason,
            due_at,
            failures,
            rounds,
        })
    }
}

/// Whether the mapping still has the counters of `v` that a pass read.
macro_rules! is_unchanged {
    () => {
        "(sync_mappings.desired_revision, sync_mappings.remote_revision, sync_mappings.policy_revision)
             = (v.desired_revision, v.remote_revision, v.policy_revision)"
    };
}

/// Stores how a pass left mappings that it read with [`due`]. The caller holds the lease
/// ([`crate::leases::passes::renew`]) in the same transaction. What changed since a mapping was read stays
/// due: a new wish at once, and if the item's incarnation ended, what is there is to go.
pub async fn finish(
    tx: &mut Tx,
    integration_id: &str,
    mappings: &[(&DueMapping, End)],
    now: Timestamp,
) -> Result<()> {
    const START: &str = concat!(
        "WITH v(",
        mapping_columns!(),
        ", desired_revision, remote_revision, policy_revision, is_settled, sync_state, reason, due_at, failures,
           rounds, agreed_at, now) AS ("
    );
    const END: &str = concat!(
        set_mapping!(),
        ", synced_desired_revision = CASE WHEN v.is_settled
               THEN v.desired_revision ELSE sync_mappings.synced_desired_revision END,
           synced_remote_revision = CASE WHEN v.is_settled
               THEN v.remote_revision ELSE sync_mappings.synced_remote_revision END,
           synced_policy_revision = CASE WHEN v.is_settled
               THEN v.policy_revision ELSE sync_mappings.synced_policy_revision END,
           sync_state = CASE WHEN ",
        is_unchanged!(),
        " THEN v.sync_state ELSE 'waiting' END,
           reason = v.reason, failures = v.failures,
           due_at = CASE WHEN ",
        is_unchanged!(),
        " THEN COALESCE(v.due_at, sync_mappings.due_at) ELSE sync_mappings.due_at END,
           rounds_without_progress = CASE WHEN ",
        is_unchanged!(),
        " THEN v.rounds ELSE 0 END,
           last_synced_at = COALESCE(v.agreed_at, sync_mappings.last_synced_at),
           verified_at = COALESCE(v.agreed_at, sync_mappings.verified_at),
           updated_at = CASE WHEN v.sync_state = 'waiting' THEN sync_mappings.updated_at ELSE v.now END",
        of_mapping!()
    );
    let results = mappings.iter().map(ResultValues::of).collect::<Result<Vec<_>>>()?;
    let now = micros(now);
    for batch in batches(&results) {
        let changed = execute_rows!(
            tx,
            START,
            batch,
            |row, one| {
                let (revisions, is_synced) = (one.due.revisions, one.state == SyncState::Synced);
                bind_mapping!(row, integration_id, one.due, one.mapping);
                row.push_bind(revisions.desired_revision).push_bind(revisions.remote_revision);
                row.push_bind(revisions.policy_revision).push_bind(one.state.is_settled());
                row.push_bind(one.state.name()).push_bind(one.reason.map(Reason::name));
                row.push_bind(one.due_at).push_bind(one.failures).push_bind(one.rounds);
                row.push_bind(is_synced.then_some(now)).push_bind(now)
            },
            END,
        )?;
        all_changed(TABLE, changed, batch.len())?;
    }
    let copies = mappings.iter().map(|(due, _)| Changes::new(&due.item.key, &due.stored, &due.mapping));
    store_events(tx, integration_id, &copies.collect::<Result<Vec<_>>>()?).await
}
