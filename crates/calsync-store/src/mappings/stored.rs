//! How a mapping stands in its row: both ways side by side, so that what is written can be read. The tables'
//! CHECKs say the same of the shape.

use calsync_core::item::ItemKey;
use calsync_core::plan::{
    Address, EventState, Mapping, PreviousCopy, PreviousLocation, PreviousState, PreviousVersion, RemoteCopy,
};
use calsync_core::remote::RemoteEvent;
use serde::de::DeserializeOwned;

use super::TABLE;
use crate::rows::{batches, execute_rows, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

row! {
    /// The columns that a mapping is read from.
    pub(super) struct StoredMapping {
        event_state: String,
        calendar_id: Option<String>,
        google_id: Option<String>,
        generation: Option<i64>,
        last_generation: i64,
        delete_sent_at: Option<i64>,
        remote: Option<String>,
        base: Option<String>,
        previous_state: Option<String>,
        previous_calendar_id: Option<String>,
        previous_google_id: Option<String>,
        previous_generation: Option<i64>,
        previous_etag: Option<String>,
        previous_remote: Option<String>,
        previous_base: Option<String>,
    }
}

/// Google's copies of events, each in a row of its own: a mapping's row is written several times for each change, and
/// a copy only when Google showed another one.
const EVENTS: &str = "remote_events";

/// What was read, or the table and column that can't be as it is.
type Readable<T> = std::result::Result<T, (&'static str, &'static str)>;

const GOOGLE_ID: (&str, &str) = (TABLE, "google_id");
const REMOTE_EVENT: (&str, &str) = (EVENTS, "event");

impl StoredMapping {
    /// The mapping of the item that is called `item` in errors, and the copies that it was read from.
    pub(super) fn read(self, item: &str) -> Result<(Mapping, Vec<StoredEvent>)> {
        let corrupt = |(table, column)| StoreError::corrupt(table, column, item);
        let event_state = self.event_state().map_err(corrupt)?;
        let previous = self.previous().map_err(corrupt)?;
        let mapping = Mapping { event_state, last_generation: self.last_generation, previous };
        let events = [self.google_id.zip(self.remote), self.previous_google_id.zip(self.previous_remote)];
        let stored = |(google_id, event)| StoredEvent { google_id, event };
        Ok((mapping, events.into_iter().flatten().map(stored).collect()))
    }

    fn event_state(&self) -> Readable<EventState> {
        let address = address(&self.calendar_id, &self.google_id, self.generation);
        let nowhere = |state| if address.is_none() { Ok(state) } else { Err(GOOGLE_ID) };
        let here = || address.clone().ok_or(GOOGLE_ID);
        let copy = copy(&self.remote, (&self.base, "base"))?;
        Ok(match self.event_state.as_str() {
            "unsent" => nowhere(EventState::Unsent)?,
            "unconfirmed" => EventState::Unconfirmed { address: here()?, copy },
            "present" => EventState::Present { address: here()?, copy: copy.ok_or(REMOTE_EVENT)? },
            "unreachable" => EventState::Unreachable { address: here()?, copy: copy.ok_or(REMOTE_EVENT)? },
            "deleting" => {
                let delete_sent_at = self.delete_sent_at.map(time);
                EventState::Deleting { address: here()?, copy, delete_sent_at }
            }
            "deleted" => nowhere(EventState::Deleted)?,
            "deleted_by_user" => nowhere(EventState::DeletedByUser)?,
            _ => return Err((TABLE, "event_state")),
        })
    }

    fn previous(&self) -> Readable<Option<PreviousLocation>> {
        let Some(name) = &self.previous_state else { return Ok(None) };
        let address = address(&self.previous_calendar_id, &self.previous_google_id, self.previous_generation);
        let copy = copy(&self.previous_remote, (&self.previous_base, "previous_base"))?;
        let version = match self.previous_etag {
            Some(_) => PreviousVersion::Copied,
            None => PreviousVersion::Unknown,
        };
        let previous = |copy: Option<RemoteCopy>| -> Readable<PreviousCopy> {
            Ok(PreviousCopy { copy: copy.ok_or(REMOTE_EVENT)?, version })
        };
        let state = match name.as_str() {
            "present" => PreviousState::Present(previous(copy)?),
            "deleting" => PreviousState::Deleting(previous(copy)?),
            "abandoned" => PreviousState::Abandoned(copy),
            _ => return Err((TABLE, "previous_state")),
        };
        Ok(Some(PreviousLocation { address: address.ok_or((TABLE, "previous_google_id"))?, state }))
    }
}

fn address(
    calendar_id: &Option<String>,
    google_id: &Option<String>,
    generation: Option<i64>,
) -> Option<Address> {
    let (calendar_id, google_id) = (calendar_id.clone()?, google_id.clone()?);
    Some(Address { calendar_id, google_id, generation: generation? })
}

fn copy(
    remote: &Option<String>,
    (base, base_column): (&Option<String>, &'static str),
) -> Readable<Option<RemoteCopy>> {
    let base = parse(base, (TABLE, base_column))?;
    match parse(remote, REMOTE_EVENT)? {
        Some(event) => Ok(Some(RemoteCopy { event, base })),
        None if base.is_some() => Err(REMOTE_EVENT),
        None => Ok(None),
    }
}

fn parse<T: DeserializeOwned>(
    text: &Option<String>,
    column: (&'static str, &'static str),
) -> Readable<Option<T>> {
    text.as_ref().map(|text| serde_json::from_str(text).map_err(|_| column)).transpose()
}

/// A mapping in the values of its row.
pub(super) struct MappingValues<'a> {
    pub(super) event_state: &'static str,
    pub(super) address: Option<&'a Address>,
    pub(super) last_generation: i64,
    pub(super) delete_sent_at: Option<i64>,
    pub(super) etag: Option<&'a str>,
    pub(super) base: Option<String>,
    pub(super) previous_state: Option<&'static str>,
    pub(super) previous_address: Option<&'a Address>,
    pub(super) previous_etag: Option<&'a str>,
    pub(super) previous_base: Option<String>,
}

impl<'a> MappingValues<'a> {
    pub(super) fn of(item: &ItemKey, mapping: &'a Mapping) -> Result<Self> {
        let copy = mapping.event_state.copy();
        let (event_state, delete_sent_at) = match &mapping.event_state {
            EventState::Unsent => ("unsent", None),
            EventState::Unconfirmed { .. } => ("unconfirmed", None),
            EventState::Present { .. } => ("present", None),
            EventState::Unreachable { .. } => ("unreachable", None),
            EventState::Deleting { delete_sent_at, .. } => ("deleting", *delete_sent_at),
            EventState::Deleted => ("deleted", None),
            EventState::DeletedByUser => ("deleted_by_user", None),
        };
        let is_reachable = !matches!(mapping.event_state, EventState::Unreachable { .. });
        let previous = mapping.previous.as_ref();
        let (previous_state, previous_etag) = match previous.map(|previous| &previous.state) {
            None => (None, None),
            Some(PreviousState::Present(one)) => (Some("present"), etag(one)),
            Some(PreviousState::Deleting(one)) => (Some("deleting"), etag(one)),
            Some(PreviousState::Abandoned(_)) => (Some("abandoned"), None),
        };
        Ok(Self {
            event_state,
            address: mapping.event_state.address(),
            last_generation: mapping.last_generation,
            delete_sent_at: delete_sent_at.map(micros),
            etag: copy.filter(|_| is_reachable).map(|copy| copy.event.etag()),
            base: text(copy, "base", item)?,
            previous_state,
            previous_address: previous.map(|previous| &previous.address),
            previous_etag,
            previous_base: text(previous.and_then(PreviousLocation::copy), "previous_base", item)?,
        })
    }
}

/// The version of an event that is to go, where it may be removed.
fn etag(previous: &PreviousCopy) -> Option<&str> {
    (previous.version == PreviousVersion::Copied).then(|| previous.copy.event.etag())
}

fn text(copy: Option<&RemoteCopy>, column: &'static str, item: &ItemKey) -> Result<Option<String>> {
    let base = copy.and_then(|copy| copy.base.as_ref());
    let text = base.map(serde_json::to_string).transpose();
    text.map_err(|_| StoreError::corrupt(TABLE, column, item.to_string()))
}

/// A copy as it stands in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEvent {
    pub(super) google_id: String,
    /// JSON.
    pub(super) event: String,
}

/// What makes the rows of a mapping be as the mapping.
pub(super) struct Changes<'a> {
    item: &'a ItemKey,
    changed: Vec<StoredEvent>,
    gone: Vec<&'a str>,
}

impl<'a> Changes<'a> {
    /// From what is `stored` to what `mapping` knows.
    pub(super) fn new(item: &'a ItemKey, stored: &'a [StoredEvent], mapping: &Mapping) -> Result<Self> {
        let mut known = Vec::new();
        for (address, event) in events(mapping) {
            let event = serde_json::to_string(event)
                .map_err(|_| StoreError::corrupt(EVENTS, "event", item.to_string()))?;
            known.push(StoredEvent { google_id: address.google_id.clone(), event });
        }
        let is_known = |one: &&StoredEvent| known.iter().any(|known| known.google_id == one.google_id);
        let gone = stored.iter().filter(|one| !is_known(one)).map(|one| one.google_id.as_str()).collect();
        known.retain(|one| !stored.contains(one));
        Ok(Self { item, changed: known, gone })
    }
}

fn events(mapping: &Mapping) -> impl Iterator<Item = (&Address, &RemoteEvent)> {
    let here = mapping.event_state.address().zip(mapping.event_state.copy());
    let previous = mapping.previous.as_ref();
    let previous = previous.and_then(|previous| Some((&previous.address, previous.copy()?)));
    here.into_iter().chain(previous).map(|(address, copy)| (address, &copy.event))
}

/// Stores `changes`. What didn't change isn't written.
pub(super) async fn store_events(tx: &mut Tx, integration_id: &str, changes: &[Changes<'_>]) -> Result<()> {
    let changed: Vec<_> =
        changes.iter().flat_map(|one| one.changed.iter().map(|event| (one.item, event))).collect();
    for batch in batches(&changed) {
        execute_rows!(
            tx,
            "INSERT INTO remote_events (integration_id, kind, item_id, google_id, event) ",
            batch,
            |row, (item, one)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(&one.google_id).push_bind(&one.event)
            },
            " ON CONFLICT (integration_id, kind, item_id, google_id) DO UPDATE SET event = excluded.event",
        )?;
    }
    let gone: Vec<_> = changes.iter().flat_map(|one| one.gone.iter().map(|id| (one.item, *id))).collect();
    for batch in batches(&gone) {
        execute_rows!(
            tx,
            "DELETE FROM remote_events WHERE (integration_id, kind, item_id, google_id) IN (",
            batch,
            |row, (item, google_id)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(*google_id)
            },
            ")",
        )?;
    }
    Ok(())
}
