//! A calendar and its events, as they are kept.
//!
//! Every write of an event takes the calendar's next position, under the lock of the
//! world. A position is never reused and an event has only its newest one, so "all events
//! after position N" is every event that changed since N: that is what sync tokens are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event_time::Span;
use super::recurrence::Recurrence;

/// What an account may do with a calendar, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees when someone is busy, nothing else.
    FreeBusyReader,
    /// Sees events.
    Reader,
    /// Writes events, but doesn't see private ones.
    WriterWithoutPrivateAccess,
    /// Writes events.
    Writer,
    /// Also changes and deletes the calendar.
    Owner,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::WriterWithoutPrivateAccess => "writerWithoutPrivateAccess",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn may_write(self) -> bool {
        self >= Self::WriterWithoutPrivateAccess
    }
}

/// An account's access to a calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// `None`: it was taken away.
    pub(crate) role: Option<Role>,
    /// Rises with each change of the role; a sync token of an older epoch is dead.
    pub(crate) epoch: u64,
}

#[derive(Debug)]
pub(crate) struct Calendar {
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) description: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) time_zone: String,
    /// `time_zone`, looked up.
    pub(crate) zone: TimeZone,
    pub(crate) data_owner: Option<String>,
    /// The OAuth client that made it, which `calendar.app.created` is about.
    pub(crate) made_by_client: Option<String>,
    pub(crate) access: BTreeMap<String, Access>,
    pub(crate) events: EventLog,
    pub(crate) updated: Timestamp,
    /// Changes of the calendar's own metadata.
    pub(crate) revision: u64,
    /// The version of the world at which it or one of its events last changed.
    pub(crate) version: u64,
    etag_base: u64,
}

impl Calendar {
    pub(crate) fn new(id: &str, summary: &str, time_zone: &str, seed: u64, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            summary: summary.to_owned(),
            description: None,
            location: None,
            time_zone: time_zone.to_owned(),
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
            data_owner: None,
            made_by_client: None,
            access: BTreeMap::new(),
            events: EventLog::default(),
            updated: now,
            revision: 0,
            version: 0,
            // Sixteen digits with room above, as Google's are.
            etag_base: 3_000_000_000_000_000 + seed % 400_000_000_000_000,
        }
    }

    /// What tells it from another calendar that had the same id before.
    pub(crate) const fn identity(&self) -> u64 {
        self.etag_base
    }

    /// The etag of the event written at this position.
    pub(crate) fn event_etag(&self, position: u64) -> String {
        format!("\"{}\"", self.etag_base + 2 * position)
    }

    /// The etag of the calendar's metadata.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.etag_base + 2 * self.revision + 1)
    }

    pub(crate) fn role_of(&self, email: &str) -> Option<Role> {
        self.access.get(email).and_then(|access| access.role)
    }

    pub(crate) fn is_primary_of(&self, email: &str) -> bool {
        self.id == email
    }
}

/// One event, complete as Google would show it to the calendar's owner, and what is looked up often.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) position: u64,
    pub(crate) resource: Map<String, Value>,
    pub(crate) cancelled: bool,
    /// Start and end; a tombstone of an occurrence may have none.
    pub(crate) span: Option<Span>,
    pub(crate) updated: Timestamp,
    pub(crate) recurrence: Option<Recurrence>,
    /// The series that this is an exception of.
    pub(crate) series: Option<String>,
}

impl Event {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.resource.get(field).and_then(Value::as_str)
    }

    pub(crate) fn etag(&self) -> &str {
        self.text("etag").unwrap_or_default()
    }

    pub(crate) fn sequence(&self) -> i64 {
        self.resource.get("sequence").and_then(Value::as_i64).unwrap_or(0)
    }
}

/// A calendar's events by id and by the order of their last change.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    by_id: HashMap<String, Arc<Event>>,
    by_position: BTreeMap<u64, Arc<Event>>,
    by_ical_uid: HashMap<String, String>,
    /// Exceptions by their series.
    exceptions: HashMap<String, BTreeSet<String>>,
    last_position: u64,
}

impl EventLog {
    /// The position that the next write takes.
    pub(crate) fn next_position(&self) -> u64 {
        self.last_position + 1
    }

    pub(crate) fn last_position(&self) -> u64 {
        self.last_position
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Event>> {
        self.by_id.get(id)
    }

    pub(crate) fn by_ical_uid(&self, uid: &str) -> Option<&Arc<Event>> {
        self.by_ical_uid.get(uid).and_then(|id| self.by_id.get(id))
    }

    /// Events that aren't deleted.
    pub(crate) fn live_count(&self) -> usize {
        self.by_position.values().filter(|event| !event.cancelled).count()
    }

    /// Writes an event at its position, in place of what it was.
    pub(crate) fn put(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        self.last_position = event.position;
        if let Some(series) = &event.series {
            self.exceptions.entry(series.clone()).or_default().insert(event.id.clone());
        } else if let Some(uid) = event.text("iCalUID") {
            self.by_ical_uid.insert(uid.to_owned(), event.id.clone());
        }
        if let Some(old) = self.by_id.insert(event.id.clone(), Arc::clone(&event)) {
            self.by_position.remove(&old.position);
        }
        self.by_position.insert(event.position, Arc::clone(&event));
        event
    }

    /// Events that changed after a position, oldest change first.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = &Arc<Event>> {
        self.by_position.range((Bound::Excluded(position), Bound::Unbounded)).map(|(_, event)| event)
    }

    /// The stored exceptions of a series, cancelled ones too.
    pub(crate) fn exceptions_of(&self, series: &str) -> impl Iterator<Item = &Arc<Event>> {
        self.exceptions.get(series).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }
}
