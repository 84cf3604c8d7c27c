//! The work of a pass: the mappings that are due, the intents before its calls, and the outcomes.

use calsync_core::item::{Item, ItemKey};
use calsync_core::managed::Base;
use calsync_core::plan::{Address, EventState, Mapping, PreviousLocation, PreviousState};
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;
use serde::Serialize;

use super::unreadable::UnreadablePair;
use super::{TABLE, after_reset, parse};
use crate::db::{fetch_all, fetch_optional};
use crate::rows::{batches, execute_rows, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, items};

/// A due mapping with its item.
#[derive(Clone, Debug, PartialEq)]
pub struct DueMapping {
    /// What the platform wants.
    pub item: Item,
    /// What is known of Google.
    pub mapping: Mapping,
    /// The desired revision that was read.
    pub desired_revision: i64,
    /// The item's incarnation that was read.
    pub incarnation: i64,
    /// Failures in a row.
    pub failures: i64,
    /// Why the last try failed.
    pub reason: Option<Reason>,
    /// Rounds in a row that changed nothing at Google; [`finish`] stores them where it is due again.
    pub rounds_without_progress: i64,
}

/// What a pass has to do.
#[derive(Debug, Default)]
pub struct Due {
    /// The mappings that are due, oldest first.
    pub mappings: Vec<DueMapping>,
    /// Those of them that can't be read.
    pub unreadable: Vec<UnreadablePair>,
}

row! {
    struct DueRow {
        kind: String,
        item_id: String,
        body: String,
        revision: i64,
        deleted: bool,
        desired_revision: i64,
        incarnation: i64,
        calendar_id: Option<String>,
        google_id: Option<String>,
        generation: i64,
        last_generation: i64,
        event_state: String,
        delete_sent_at: Option<i64>,
        remote: Option<String>,
        base: Option<String>,
        previous_calendar_id: Option<String>,
        previous_google_id: Option<String>,
        previous_generation: Option<i64>,
        previous_state: Option<String>,
        previous_copy: Option<String>,
        previous_base: Option<String>,
        failures: i64,
        reason: Option<String>,
        rounds_without_progress: i64,
    }
}

impl DueRow {
    fn read(mut self) -> Result<DueMapping> {
        let mapping = self.mapping()?;
        Ok(DueMapping {
            item: items::item(&self.kind, self.item_id, &self.body, self.revision, self.deleted)?
                .readable()?,
            mapping,
            desired_revision: self.desired_revision,
            incarnation: self.incarnation,
            failures: self.failures,
            reason: self.reason.as_deref().and_then(Reason::from_name),
            rounds_without_progress: self.rounds_without_progress,
        })
    }

    fn mapping(&mut self) -> Result<Mapping> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, format!("{}:{}", self.kind, self.item_id));
        let event_state = EventState::from_name(&self.event_state).ok_or_else(|| corrupt("event_state"))?;
        let remote: Option<RemoteEvent> = parse(self.remote.as_deref()).map_err(|()| corrupt("remote"))?;
        let base: Option<Base> = parse(self.base.as_deref()).map_err(|()| corrupt("base"))?;
        let copy: Option<RemoteEvent> =
            parse(self.previous_copy.as_deref()).map_err(|()| corrupt("previous_copy"))?;
        let previous_base: Option<Base> =
            parse(self.previous_base.as_deref()).map_err(|()| corrupt("previous_base"))?;
        let previous_state = match self.previous_state.as_deref() {
            Some(name) => Some(PreviousState::from_name(name).ok_or_else(|| corrupt("previous_state"))?),
            None => None,
        };
        let here = address(&mut self.calendar_id, &mut self.google_id, Some(self.generation));
        if here.is_none()
            && matches!(event_state, EventState::Unconfirmed | EventState::Present | EventState::Deleting)
        {
            return Err(StoreError::corrupt(TABLE, "calendar_id", format!("{}:{}", self.kind, self.item_id)));
        }
        let left =
            address(&mut self.previous_calendar_id, &mut self.previous_google_id, self.previous_generation);
        let previous = left.zip(previous_state);
        let previous = previous.map(|(address, state)| PreviousLocation {
            address,
            state,
            copy,
            base: previous_base,
            seen: None,
        });
        let (last_generation, delete_sent_at) = (self.last_generation, self.delete_sent_at.map(time));
        Ok(Mapping { address: here, last_generation, event_state, delete_sent_at, remote, base, previous })
    }
}

fn address(
    calendar_id: &mut Option<String>,
    google_id: &mut Option<String>,
    generation: Option<i64>,
) -> Option<Address> {
    Some(Address { calendar_id: calendar_id.take()?, google_id: google_id.take()?, generation: generation? })
}

/// The mappings of an integration that are due, at most `limit`. One that can't be read takes no other with it.
pub async fn due(tx: &mut Tx, integration_id: &str, now: Timestamp, limit: i64) -> Result<Due> {
    let rows = fetch_all!(
        tx,
        DueRow,
        "SELECT m.kind, m.item_id, i.body, i.revision, i.deleted, m.desired_revision, m.incarnation, m.calendar_id,
                m.google_id, m.generation, m.last_generation, m.event_state, m.delete_sent_at, m.remote, m.base,
                m.previous_calendar_id, m.previous_google_id, m.previous_generation, m.previous_state,
                m.previous_copy, m.previous_base, m.failures, m.reason, m.rounds_without_progress
         FROM sync_mappings m JOIN items i ON i.kind = m.kind AND i.item_id = m.item_id
         WHERE m.integration_id = $1 AND m.desired_revision <> m.synced_revision AND m.due_at <= $2
         ORDER BY m.due_at, m.kind, m.item_id LIMIT $3",
        integration_id,
        micros(now),
        limit,
    )?;
    let mut due = Due::default();
    for row in rows {
        let (kind, item_id, desired_revision) = (row.kind.clone(), row.item_id.clone(), row.desired_revision);
        match row.read() {
            Ok(mapping) => due.mappings.push(mapping),
            Err(error @ StoreError::Corrupt { .. }) => {
                due.unreadable.push(UnreadablePair { kind, item_id, desired_revision, error });
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
        "SELECT MIN(due_at) FROM sync_mappings WHERE integration_id = $1 AND desired_revision <> synced_revision",
        integration_id,
    )?;
    Ok(row.and_then(|(due_at,)| due_at).map(time))
}

/// Binds ten values: `calendar_id`, `google_id`, `generation`, `last_generation`, and those of what is left.
macro_rules! locations {
    ($row:expr, $locations:expr, $mapping:expr) => {
        let (here, left) = ($locations.here, $locations.previous.map(|previous| &previous.address));
        $row.push_bind(here.map(|address| &address.calendar_id));
        $row.push_bind(here.map(|address| &address.google_id));
        $row.push_bind(here.map_or($mapping.last_generation, |address| address.generation));
        $row.push_bind($mapping.last_generation);
        $row.push_bind(left.map(|address| &address.calendar_id));
        $row.push_bind(left.map(|address| &address.google_id));
        $row.push_bind(left.map(|address| address.generation));
        $row.push_bind($locations.previous.map(|previous| previous.state.name()));
        $row.push_bind($locations.copy.as_ref());
        $row.push_bind($locations.base.as_ref());
    };
}

/// The call that a pass is about to send for a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent<'a> {
    /// The item.
    pub item: &'a ItemKey,
    /// The item's incarnation that was read.
    pub incarnation: i64,
    /// Where the mapping stands then.
    pub mapping: Mapping,
}

/// The beginning of both updates: where a mapping stands, by its columns 4 to 15 ([`Locations`]).
macro_rules! set_locations {
    () => {
        concat!(
            "UPDATE sync_mappings SET event_state = CASE WHEN incarnation = v.column4 THEN v.column5 ELSE ",
            after_reset!("v.column5"),
            " END,
             calendar_id = v.column6, google_id = v.column7, generation = v.column8, last_generation = v.column9,
             previous_calendar_id = v.column10, previous_google_id = v.column11, previous_generation = v.column12,
             previous_state = v.column13, previous_copy = v.column14, previous_base = v.column15"
        )
    };
}

/// Stores the intents of a pass before its calls: where, in which state, and what
/// is to go. A mapping whose item's incarnation ended meanwhile is to go all the same.
pub async fn record_intents(tx: &mut Tx, integration_id: &str, intents: &[Intent<'_>]) -> Result<()> {
    const START: &str = concat!(
        set_locations!(),
        ",
             remote = CASE WHEN v.column16 THEN remote END, base = CASE WHEN v.column17 THEN base END,
             delete_sent_at = CASE WHEN incarnation = v.column4 THEN v.column18 END
         FROM ("
    );
    let rows = intents.iter().map(|one| Ok((one, Locations::of(one.item, &one.mapping)?)));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    for batch in batches(&rows) {
        execute_rows!(
            tx,
            START,
            batch,
            |row, (Intent { item, incarnation, mapping }, locations)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(*incarnation).push_bind(mapping.event_state.name());
                locations!(row, locations, mapping);
                row.push_bind(mapping.remote.is_some()).push_bind(mapping.base.is_some());
                row.push_bind(mapping.delete_sent_at.map(micros))
            },
            ") AS v WHERE integration_id = v.column1 AND kind = v.column2 AND item_id = v.column3",
        )?;
    }
    Ok(())
}

/// Where a mapping's event is and where one is to go, in the values of its row.
struct Locations<'a> {
    here: Option<&'a Address>,
    previous: Option<&'a PreviousLocation>,
    copy: Option<String>,
    base: Option<String>,
}

impl<'a> Locations<'a> {
    fn of(item: &ItemKey, mapping: &'a Mapping) -> Result<Self> {
        let previous = mapping.previous.as_ref();
        Ok(Self {
            here: mapping.address.as_ref(),
            previous,
            copy: text(previous.and_then(|previous| previous.copy.as_ref()), "previous_copy", item)?,
            base: text(previous.and_then(|previous| previous.base.as_ref()), "previous_base", item)?,
        })
    }
}

fn text<T: Serialize>(value: Option<&T>, column: &'static str, item: &ItemKey) -> Result<Option<String>> {
    let text = value.map(serde_json::to_string).transpose();
    text.map_err(|_| StoreError::corrupt(TABLE, column, item.to_string()))
}

/// What came of a mapping in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do for the desired revision that was read.
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
struct ResultRow<'a> {
    due: &'a DueMapping,
    locations: Locations<'a>,
    remote: Option<String>,
    base: Option<String>,
    settled: Option<i64>,
    state: SyncState,
    reason: Option<Reason>,
    due_at: Option<i64>,
    failures: i64,
    rounds: i64,
}

impl<'a> ResultRow<'a> {
    fn new((due, end): &(&'a DueMapping, End)) -> Result<Self> {
        let (item, mapping) = (&due.item.key, &due.mapping);
        let (settled, state, reason, due_at, failures) = match *end {
            End::Done { state, reason } => (Some(due.desired_revision), state, reason, None, 0),
            End::Retry { due_at, failures, reason } => {
                (None, SyncState::Waiting, reason, Some(micros(due_at)), failures)
            }
        };
        Ok(Self {
            due,
            locations: Locations::of(item, mapping)?,
            remote: text(mapping.remote.as_ref(), "remote", item)?,
            base: text(mapping.base.as_ref(), "base", item)?,
            settled,
            state,
            reason,
            due_at,
            failures,
            rounds: if settled.is_some() { 0 } else { due.rounds_without_progress },
        })
    }
}

/// Stores how a pass left mappings that it read with [`due`]. The caller holds the lease
/// ([`crate::leases::renew`]) in the same transaction. What changed since a mapping was read stays
/// due: a new wish at once, and if the item's incarnation ended, what is there is to go.
pub async fn finish(
    tx: &mut Tx,
    integration_id: &str,
    mappings: &[(&DueMapping, End)],
    now: Timestamp,
) -> Result<()> {
    const START: &str = concat!(
        set_locations!(),
        ",
             etag = v.column16, remote = v.column17, base = v.column18,
             synced_revision = COALESCE(v.column19, synced_revision), sync_state = v.column20,
             reason = v.column21, failures = v.column22,
             due_at = CASE WHEN desired_revision = v.column23 THEN COALESCE(v.column24, due_at) ELSE due_at END,
             last_synced_at = COALESCE(v.column25, last_synced_at),
             verified_at = COALESCE(v.column25, verified_at),
             updated_at = CASE WHEN v.column19 IS NULL THEN updated_at ELSE v.column26 END,
             delete_sent_at = CASE WHEN incarnation = v.column4 THEN v.column27 END,
             rounds_without_progress = CASE WHEN desired_revision = v.column23 THEN v.column28 ELSE 0 END
         FROM ("
    );
    let results = mappings.iter().map(ResultRow::new).collect::<Result<Vec<_>>>()?;
    let now = micros(now);
    for batch in batches(&results) {
        execute_rows!(
            tx,
            START,
            batch,
            |row, one| {
                let (item, mapping) = (&one.due.item.key, &one.due.mapping);
                let is_synced = one.settled.is_some() && one.state == SyncState::Synced;
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(one.due.incarnation).push_bind(mapping.event_state.name());
                locations!(row, one.locations, mapping);
                row.push_bind(mapping.remote.as_ref().map(RemoteEvent::etag));
                row.push_bind(&one.remote).push_bind(&one.base).push_bind(one.settled);
                row.push_bind(one.state.name()).push_bind(one.reason.map(Reason::name));
                row.push_bind(one.failures).push_bind(one.due.desired_revision).push_bind(one.due_at);
                row.push_bind(is_synced.then_some(now)).push_bind(now);
                row.push_bind(mapping.delete_sent_at.map(micros)).push_bind(one.rounds)
            },
            ") AS v WHERE integration_id = v.column1 AND kind = v.column2 AND item_id = v.column3",
        )?;
    }
    Ok(())
}
