//! How a mapping stands in its row: both ways side by side, so that what is written can be read. The tables'
//! CHECKs say the same of the shape.

use calsync_core::item::ItemKey;
use calsync_core::plan::{
    Address, EventState, Mapping, PreviousCopy, PreviousLocation, PreviousState, PreviousVersion, RemoteCopy,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::TABLE;
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, StoreError};

row! {
    /// The columns that a mapping is read from.
    #[derive(Clone, Debug, Default)]
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

/// What was read, or the column that can't be as it is.
type Readable<T> = std::result::Result<T, &'static str>;

impl StoredMapping {
    /// The mapping of the item that is called `item` in errors.
    pub(super) fn read(self, item: &str) -> Result<Mapping> {
        self.mapping().map_err(|column| StoreError::corrupt(TABLE, column, item))
    }

    fn mapping(self) -> Readable<Mapping> {
        let previous = match self.previous_state.as_deref() {
            None => None,
            Some(name) => {
                let address =
                    address(self.previous_calendar_id, self.previous_google_id, self.previous_generation);
                let copy =
                    copy((self.previous_remote, "previous_remote"), (self.previous_base, "previous_base"))?;
                let state = previous_state(name, copy, self.previous_etag.is_some())?;
                Some(PreviousLocation { address: address.ok_or("previous_google_id")?, state })
            }
        };
        let here = address(self.calendar_id, self.google_id, self.generation).ok_or("google_id");
        let nowhere = |state| if here.is_ok() { Err("google_id") } else { Ok(state) };
        let copy = copy((self.remote, "remote"), (self.base, "base"))?;
        let event_state = match self.event_state.as_str() {
            "unsent" => nowhere(EventState::Unsent)?,
            "unconfirmed" => EventState::Unconfirmed { address: here?, copy },
            "present" => EventState::Present { address: here?, copy: copy.ok_or("remote")? },
            "unreachable" => EventState::Unreachable { address: here?, copy: copy.ok_or("remote")? },
            "deleting" => {
                EventState::Deleting { address: here?, copy, delete_sent_at: self.delete_sent_at.map(time) }
            }
            "deleted" => nowhere(EventState::Deleted)?,
            "deleted_by_user" => nowhere(EventState::DeletedByUser)?,
            _ => return Err("event_state"),
        };
        Ok(Mapping { event_state, last_generation: self.last_generation, previous })
    }
}

fn previous_state(name: &str, copy: Option<RemoteCopy>, is_copied: bool) -> Readable<PreviousState> {
    let version = if is_copied { PreviousVersion::Copied } else { PreviousVersion::Unknown };
    let previous = |copy: Option<_>| Ok(PreviousCopy { copy: copy.ok_or("previous_remote")?, version });
    match name {
        "present" => previous(copy).map(PreviousState::Present),
        "deleting" => previous(copy).map(PreviousState::Deleting),
        "abandoned" => Ok(PreviousState::Abandoned(copy)),
        _ => Err("previous_state"),
    }
}

fn address(
    calendar_id: Option<String>,
    google_id: Option<String>,
    generation: Option<i64>,
) -> Option<Address> {
    Some(Address { calendar_id: calendar_id?, google_id: google_id?, generation: generation? })
}

fn copy(
    (remote, remote_column): (Option<String>, &'static str),
    (base, base_column): (Option<String>, &'static str),
) -> Readable<Option<RemoteCopy>> {
    let base = parse(base.as_deref(), base_column)?;
    match parse(remote.as_deref(), remote_column)? {
        Some(event) => Ok(Some(RemoteCopy { event, base })),
        None if base.is_some() => Err(remote_column),
        None => Ok(None),
    }
}

fn parse<T: DeserializeOwned>(text: Option<&str>, column: &'static str) -> Readable<Option<T>> {
    text.map(|text| serde_json::from_str(text).map_err(|_| column)).transpose()
}

/// A mapping in the values of its row.
pub(super) struct MappingValues<'a> {
    pub(super) event_state: &'static str,
    pub(super) address: Option<&'a Address>,
    pub(super) last_generation: i64,
    pub(super) delete_sent_at: Option<i64>,
    pub(super) etag: Option<&'a str>,
    pub(super) remote: Option<String>,
    pub(super) base: Option<String>,
    pub(super) previous_state: Option<&'static str>,
    pub(super) previous_address: Option<&'a Address>,
    pub(super) previous_etag: Option<&'a str>,
    pub(super) previous_remote: Option<String>,
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
        let (previous_state, previous, previous_etag) = match mapping.previous.as_ref().map(|one| &one.state)
        {
            None => (None, None, None),
            Some(PreviousState::Present(one)) => (Some("present"), Some(&one.copy), etag(one)),
            Some(PreviousState::Deleting(one)) => (Some("deleting"), Some(&one.copy), etag(one)),
            Some(PreviousState::Abandoned(copy)) => (Some("abandoned"), copy.as_ref(), None),
        };
        Ok(Self {
            event_state,
            address: mapping.event_state.address(),
            last_generation: mapping.last_generation,
            delete_sent_at: delete_sent_at.map(micros),
            etag: copy.filter(|_| is_reachable).map(|copy| copy.event.etag()),
            remote: text(copy.map(|copy| &copy.event), "remote", item)?,
            base: text(copy.and_then(|copy| copy.base.as_ref()), "base", item)?,
            previous_state,
            previous_address: mapping.previous.as_ref().map(|previous| &previous.address),
            previous_etag,
            previous_remote: text(previous.map(|copy| &copy.event), "previous_remote", item)?,
            previous_base: text(previous.and_then(|copy| copy.base.as_ref()), "previous_base", item)?,
        })
    }
}

/// The version of an event that is to go, where it may be removed.
fn etag(previous: &PreviousCopy) -> Option<&str> {
    (previous.version == PreviousVersion::Copied).then(|| previous.copy.event.etag())
}

fn text<T: Serialize>(value: Option<&T>, column: &'static str, item: &ItemKey) -> Result<Option<String>> {
    let text = value.map(serde_json::to_string).transpose();
    text.map_err(|_| StoreError::corrupt(TABLE, column, item.to_string()))
}
