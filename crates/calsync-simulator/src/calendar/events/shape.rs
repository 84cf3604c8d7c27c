//! What a caller may see of an event, and in which form it asked for it.
//!
//! Most events leave as they are stored, without a copy.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::query::Query;
use crate::world::calendar::{Event, Role};
use crate::world::event_time::rfc3339;

/// The fields that say no more than when someone is busy.
const BUSY_FIELDS: &[&str] = &[
    "end",
    "etag",
    "eventType",
    "iCalUID",
    "id",
    "kind",
    "originalStartTime",
    "recurrence",
    "recurringEventId",
    "start",
    "status",
    "transparency",
    "updated",
];

/// The fields of a deletion in a sync.
const DELETION_FIELDS: &[&str] = &["etag", "id", "kind", "originalStartTime", "recurringEventId", "status"];

#[derive(Debug)]
pub(super) struct View {
    role: Role,
    zone: Option<TimeZone>,
    attendees_max: Option<usize>,
    /// Deletions as a sync gives them, without details.
    pub(super) bare_deletions: bool,
}

impl View {
    pub(super) fn read(query: &Query, role: Role) -> Result<Self, ApiError> {
        let zone = match query.get("timeZone") {
            Some(name) => Some(
                TimeZone::get(name)
                    .map_err(|_| ApiError::invalid_parameter("timeZone", "Invalid time zone."))?,
            ),
            None => None,
        };
        let attendees_max = query.number("maxAttendees", 1, usize::MAX)?;
        Ok(Self { role, zone, attendees_max, bare_deletions: false })
    }

    pub(super) fn show(&self, event: &Arc<Event>) -> Item {
        if event.cancelled && self.bare_deletions {
            return Item::Shaped(only(&event.resource, DELETION_FIELDS));
        }
        if self.role == Role::FreeBusyReader || self.hides(event) {
            let mut fields = only(&event.resource, BUSY_FIELDS);
            fields.insert("visibility".to_owned(), json!("private"));
            return Item::Shaped(fields);
        }
        let too_many = self.attendees_max.is_some_and(|most| attendees(&event.resource).len() > most);
        if self.zone.is_none() && !too_many {
            return Item::Stored(Arc::clone(event));
        }
        let mut fields = event.resource.clone();
        if let Some(zone) = &self.zone {
            move_times(&mut fields, zone);
        }
        if too_many {
            omit_attendees(&mut fields, self.attendees_max.unwrap_or_default());
        }
        Item::Shaped(fields)
    }

    /// Private events are for writers and owners.
    fn hides(&self, event: &Event) -> bool {
        let private = matches!(event.text("visibility"), Some("private" | "confidential"));
        private && self.role < Role::Writer
    }
}

fn only(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let kept = fields.iter().filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn attendees(fields: &Map<String, Value>) -> &[Value] {
    fields.get("attendees").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Answers times in another zone than the calendar's.
fn move_times(fields: &mut Map<String, Value>, zone: &TimeZone) {
    for name in ["start", "end", "originalStartTime"] {
        let Some(moment) = fields.get_mut(name).and_then(Value::as_object_mut) else { continue };
        let instant = moment.get("dateTime").and_then(Value::as_str).and_then(|text| text.parse().ok());
        if let Some(instant) = instant {
            moment.insert("dateTime".to_owned(), json!(rfc3339(instant, zone)));
        }
    }
}

/// With more attendees than asked for, only the caller's own entry is given.
fn omit_attendees(fields: &mut Map<String, Value>, most: usize) {
    let own = |attendee: &&Value| attendee.get("self") == Some(&json!(true));
    let kept: Vec<Value> = attendees(fields).iter().filter(own).take(most).cloned().collect();
    fields.insert("attendees".to_owned(), Value::Array(kept));
    fields.insert("attendeesOmitted".to_owned(), json!(true));
}
