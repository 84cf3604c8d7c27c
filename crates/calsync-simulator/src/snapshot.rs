//! What there is at the simulated Google, typed, for checks in the same process.
//!
//! A [`Snapshot`] holds what changed since its [`SnapshotCursor`] looked last, so that a check after each
//! step costs by the step and not by the size of the world. What Google always sends is read or refused
//! with a [`SnapshotError`]: a default in its place could make a check pass that saw nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::world::calendar::{Calendar, Event, Role};
use crate::world::{Account, World};

/// How far a reader has looked; the default has seen nothing.
#[derive(Clone, Debug, Default)]
pub struct SnapshotCursor {
    version: u64,
    /// Of each calendar its identity, and the position of the last event that was seen.
    positions: BTreeMap<String, (u64, u64)>,
}

/// What changed since the last look.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Accounts that changed, or their calendar lists.
    pub accounts: Vec<AccountSnapshot>,
    /// All live grants, also unchanged ones.
    pub grants: Vec<GrantSnapshot>,
    /// Calendars that changed, or their events.
    pub calendars: Vec<CalendarSnapshot>,
    /// Ids of calendars that were deleted, with their events.
    pub deleted_calendars: Vec<String>,
    /// Events that changed, by calendar, the oldest change first.
    pub events: Vec<EventSnapshot>,
}

/// A Google account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSnapshot {
    /// The address; also the id of the primary calendar.
    pub email: String,
    /// Ids of the calendars in its list.
    pub calendars: BTreeSet<String>,
}

/// A live consent of an account to an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSnapshot {
    /// The account.
    pub email: String,
    /// The client.
    pub client_id: String,
    /// Refresh tokens that it has at this moment.
    pub refresh_tokens: usize,
}

/// A calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSnapshot {
    /// Its id.
    pub id: String,
    /// Its title.
    pub summary: String,
    /// Its description.
    pub description: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// The account that owns its data.
    pub owner: Option<String>,
    /// The OAuth client that made it.
    pub made_by_client: Option<String>,
    /// What each account may do with it, by address.
    pub roles: BTreeMap<String, Role>,
    /// The etag of its metadata.
    pub etag: String,
}

/// An event, complete as Google would show it to the calendar's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSnapshot {
    /// The calendar.
    pub calendar_id: String,
    /// Its id in the calendar.
    pub id: String,
    /// Its etag.
    pub etag: String,
    /// Rises with each write in the calendar.
    pub version: u64,
    /// `confirmed`, `tentative` or `cancelled`.
    pub status: String,
    /// The title.
    pub summary: Option<String>,
    /// When it begins; none of a tombstone alone.
    pub start: Option<EventTime>,
    /// When it ends; none of a tombstone alone.
    pub end: Option<EventTime>,
    /// The description.
    pub description: Option<String>,
    /// The location.
    pub location: Option<String>,
    /// The colour, if its user chose one.
    pub color_id: Option<String>,
    /// Private extended properties.
    pub private: BTreeMap<String, String>,
}

/// The start or the end of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventTime {
    /// An instant.
    At(Timestamp),
    /// A whole day; of an end the day after the last.
    On(Date),
}

/// A resource is not as Google makes them, or a reader asks for what it doesn't have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} of the event {event} in the calendar {calendar} {problem}")]
pub struct SnapshotError {
    /// The calendar's id.
    pub calendar: String,
    /// The event's id.
    pub event: String,
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl EventSnapshot {
    /// Whether it was deleted.
    pub fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// A private property that must be there.
    ///
    /// # Errors
    /// If it isn't.
    pub fn require_private(&self, key: &str) -> Result<&str, SnapshotError> {
        self.private.get(key).map(String::as_str).ok_or_else(|| self.lacks(key))
    }

    /// When it begins and ends.
    ///
    /// # Errors
    /// If it is a tombstone without its times.
    pub fn times(&self) -> Result<(EventTime, EventTime), SnapshotError> {
        self.start.zip(self.end).ok_or_else(|| self.lacks("start or end"))
    }

    fn lacks(&self, field: &str) -> SnapshotError {
        SnapshotError {
            calendar: self.calendar_id.clone(),
            event: self.id.clone(),
            field: field.to_owned(),
            problem: "is not there",
        }
    }

    fn read(calendar: &Calendar, event: &Event) -> Result<Self, SnapshotError> {
        let resource = Resource { calendar, event, fields: &event.resource };
        let (start, end) = (resource.time("start")?, resource.time("end")?);
        if !event.cancelled && (start.is_none() || end.is_none()) {
            return Err(resource.error("start or end", "is not there"));
        }
        Ok(Self {
            calendar_id: calendar.id.clone(),
            id: resource.required("id")?,
            etag: resource.required("etag")?,
            version: event.position,
            status: resource.required("status")?,
            summary: resource.text("summary")?,
            start,
            end,
            description: resource.text("description")?,
            location: resource.text("location")?,
            color_id: resource.text("colorId")?,
            private: resource.private()?,
        })
    }
}

impl Snapshot {
    pub(crate) fn take(world: &World, cursor: &mut SnapshotCursor) -> Result<Self, SnapshotError> {
        let since = cursor.version;
        let deleted = world.deleted_calendars.iter().rev().take_while(|(version, _)| *version > since);
        // One of the same id may have been made since.
        let is_gone = |id: &&String| !world.calendars.contains_key(*id);
        let deleted_calendars: Vec<String> = deleted.map(|(_, id)| id).filter(is_gone).cloned().collect();
        for id in &deleted_calendars {
            cursor.positions.remove(id);
        }
        let (mut calendars, mut events) = (Vec::new(), Vec::new());
        for calendar in world.calendars.values().filter(|calendar| calendar.version > since) {
            let seen =
                cursor.positions.get(&calendar.id).filter(|(identity, _)| *identity == calendar.identity());
            for event in calendar.events.after(seen.map_or(0, |(_, position)| *position)) {
                events.push(EventSnapshot::read(calendar, event)?);
            }
            let position = (calendar.identity(), calendar.events.last_position());
            cursor.positions.insert(calendar.id.clone(), position);
            calendars.push(CalendarSnapshot::of(calendar));
        }
        cursor.version = world.version();
        let accounts = world.accounts.values().filter(|account| account.version > since);
        let grants = world.grants.live().map(|((email, client_id), grant)| GrantSnapshot {
            email: email.clone(),
            client_id: client_id.clone(),
            refresh_tokens: grant.refresh_tokens.len(),
        });
        Ok(Self {
            accounts: accounts.map(AccountSnapshot::of).collect(),
            grants: grants.collect(),
            calendars,
            deleted_calendars,
            events,
        })
    }
}

impl AccountSnapshot {
    fn of(account: &Account) -> Self {
        let listed = account.list.iter().filter(|(_, entry)| !entry.deleted);
        Self { email: account.email.clone(), calendars: listed.map(|(id, _)| id.clone()).collect() }
    }
}

impl CalendarSnapshot {
    fn of(calendar: &Calendar) -> Self {
        let roles = calendar.access.iter().filter_map(|(email, access)| Some((email.clone(), access.role?)));
        Self {
            id: calendar.id.clone(),
            summary: calendar.summary.clone(),
            description: calendar.description.clone(),
            time_zone: calendar.time_zone.clone(),
            owner: calendar.data_owner.clone(),
            made_by_client: calendar.made_by_client.clone(),
            roles: roles.collect(),
            etag: calendar.etag(),
        }
    }
}

/// An event's fields, as they are read.
struct Resource<'a> {
    calendar: &'a Calendar,
    event: &'a Event,
    fields: &'a Map<String, Value>,
}

impl Resource<'_> {
    fn error(&self, field: &str, problem: &'static str) -> SnapshotError {
        SnapshotError {
            calendar: self.calendar.id.clone(),
            event: self.event.id.clone(),
            field: field.to_owned(),
            problem,
        }
    }

    fn text(&self, field: &str) -> Result<Option<String>, SnapshotError> {
        match self.fields.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error(field, "is no text")),
        }
    }

    fn required(&self, field: &str) -> Result<String, SnapshotError> {
        self.text(field)?.ok_or_else(|| self.error(field, "is not there"))
    }

    fn time(&self, field: &str) -> Result<Option<EventTime>, SnapshotError> {
        let Some(value) = self.fields.get(field) else { return Ok(None) };
        let date = value["date"].as_str().map(|text| text.parse().map(EventTime::On));
        let instant = value["dateTime"].as_str().map(|text| text.parse().map(EventTime::At));
        match date.or(instant) {
            Some(Ok(time)) => Ok(Some(time)),
            _ => Err(self.error(field, "is no time")),
        }
    }

    fn private(&self) -> Result<BTreeMap<String, String>, SnapshotError> {
        const FIELD: &str = "extendedProperties.private";
        let private = self.fields.get("extendedProperties").and_then(|extended| extended.get("private"));
        let Some(private) = private else { return Ok(BTreeMap::new()) };
        let properties = private.as_object().ok_or_else(|| self.error(FIELD, "is no object"))?;
        let text = |(key, value): (&String, &Value)| match value.as_str() {
            Some(text) => Ok((key.clone(), text.to_owned())),
            None => Err(self.error(FIELD, "has a value that is no text")),
        };
        properties.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(resource: &Value) -> Result<EventSnapshot, SnapshotError> {
        let now = Timestamp::UNIX_EPOCH;
        let calendar = Calendar::new("home", "Home", "UTC", 1, now);
        let event = Event {
            id: "e1".into(),
            position: 1,
            resource: resource.as_object().expect("an object").clone(),
            cancelled: false,
            span: None,
            updated: now,
            recurrence: None,
            series: None,
        };
        EventSnapshot::read(&calendar, &event)
    }

    fn event() -> Value {
        json!({
            "id": "e1", "etag": "\"1\"", "status": "confirmed", "summary": "Mentoring",
            "start": {"dateTime": "2031-03-09T10:00:00+09:00"}, "end": {"date": "2031-03-10"},
            "extendedProperties": {"private": {"calsync_item": "task:t1"}},
        })
    }

    #[test]
    fn an_event_is_read_with_its_types() {
        let read = read(&event()).expect("a good event");
        let instant = "2031-03-09T01:00:00Z".parse().expect("a time");
        let day = "2031-03-10".parse().expect("a date");
        assert_eq!(read.times(), Ok((EventTime::At(instant), EventTime::On(day))));
        assert_eq!(read.require_private("calsync_item"), Ok("task:t1"));
        assert_eq!((read.summary.as_deref(), read.location), (Some("Mentoring"), None));
    }

    #[test]
    fn who_asks_for_what_is_not_there_is_told_so() {
        let read = read(&event()).expect("a good event");
        let error = read.require_private("calsync_itme").expect_err("no such property");
        assert_eq!(error.to_string(), "calsync_itme of the event e1 in the calendar home is not there");
        let tombstone = EventSnapshot { start: None, ..read };
        assert!(tombstone.times().is_err());
    }

    #[test]
    fn what_google_always_sends_is_required_and_of_its_type() {
        for field in ["id", "etag", "status", "start", "end"] {
            let mut lacking = event();
            lacking.as_object_mut().expect("an object").remove(field);
            assert!(read(&lacking).is_err(), "without {field}");
        }
        let wrong = [
            ("summary", json!(7)),
            ("start", json!({"dateTime": "soon"})),
            ("end", json!({})),
            ("extendedProperties", json!({"private": []})),
            ("extendedProperties", json!({"private": {"calsync_item": 7}})),
        ];
        for (field, value) in wrong {
            let mut event = event();
            event[field] = value;
            assert!(read(&event).is_err(), "{field}: {}", event[field]);
        }
    }
}
