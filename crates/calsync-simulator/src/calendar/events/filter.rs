//! Which events a listing contains.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::occurrences;
use crate::api_error::ApiError;
use crate::calendar::tokens::HISTORY_KEPT;
use crate::query::Query;
use crate::world::calendar::{Calendar, Event};

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) show_deleted: bool,
    pub(super) single_events: bool,
    /// Everything that changed counts, deletions too.
    sync: bool,
    time_min: Option<Timestamp>,
    time_max: Option<Timestamp>,
    updated_min: Option<Timestamp>,
    /// In lower case; each must be somewhere.
    words: Vec<String>,
    ical_uid: Option<String>,
    event_types: Vec<String>,
    private: Vec<(String, String)>,
    shared: Vec<(String, String)>,
}

impl Filter {
    pub(super) fn read(query: &Query, now: Timestamp) -> Result<Self, ApiError> {
        let (time_min, time_max) = (query.time("timeMin")?, query.time("timeMax")?);
        if time_min.zip(time_max).is_some_and(|(min, max)| min >= max) {
            return Err(ApiError::window_empty());
        }
        let updated_min = query.time("updatedMin")?;
        if updated_min.is_some_and(|min| now.duration_since(min) > HISTORY_KEPT) {
            return Err(ApiError::updated_min_too_long_ago());
        }
        let words = query.get("q").unwrap_or_default().to_lowercase();
        Ok(Self {
            show_deleted: query.flag("showDeleted")?.unwrap_or(false),
            single_events: query.flag("singleEvents")?.unwrap_or(false),
            sync: false,
            time_min,
            time_max,
            updated_min,
            words: words.split_whitespace().map(str::to_owned).collect(),
            ical_uid: query.get("iCalUID").map(str::to_owned),
            event_types: query.all("eventTypes").map(str::to_owned).collect(),
            private: properties(query, "privateExtendedProperty")?,
            shared: properties(query, "sharedExtendedProperty")?,
        })
    }

    /// Live events and occurrences between two instants.
    pub(super) fn window(min: Timestamp, max: Timestamp) -> Self {
        Self { single_events: true, time_min: Some(min), time_max: Some(max), ..Self::default() }
    }

    /// The same, for what changed since a token.
    pub(super) fn of_sync(self) -> Self {
        Self { sync: true, ..self }
    }

    /// What the listing shows of a stored event: itself, nothing, or its occurrences.
    pub(super) fn matching(&self, calendar: &Calendar, stored: &Arc<Event>) -> Vec<Arc<Event>> {
        if !self.shows(calendar, stored) {
            return Vec::new();
        }
        if self.single_events && stored.recurrence.is_some() && !stored.cancelled {
            return occurrences::untouched(calendar, stored, self.time_min, self.time_max);
        }
        if self.in_window(stored) { vec![Arc::clone(stored)] } else { Vec::new() }
    }

    fn shows(&self, calendar: &Calendar, event: &Event) -> bool {
        (!event.cancelled || self.shows_deletion(calendar, event))
            && self.updated_min.is_none_or(|min| event.updated >= min)
            && self.ical_uid.as_deref().is_none_or(|uid| event.text("iCalUID") == Some(uid))
            && self.has_type(event)
            && has_properties(event, "private", &self.private)
            && has_properties(event, "shared", &self.shared)
            && self.words.iter().all(|word| mentions(event, word))
    }

    /// Deletions are shown to syncs, on request, and where an occurrence is missing from a series that is not expanded.
    fn shows_deletion(&self, calendar: &Calendar, event: &Event) -> bool {
        let gap_in_series = || {
            let series = event.series.as_deref().and_then(|series| calendar.events.get(series));
            !self.single_events && series.is_some_and(|series| !series.cancelled)
        };
        self.sync || self.show_deleted || self.updated_min.is_some() || gap_in_series()
    }

    fn has_type(&self, event: &Event) -> bool {
        let own = event.text("eventType").unwrap_or("default");
        self.event_types.is_empty() || self.event_types.iter().any(|wanted| wanted == own)
    }

    fn in_window(&self, event: &Event) -> bool {
        if let Some(recurrence) = &event.recurrence {
            return (self.time_min.is_none() && self.time_max.is_none())
                || !recurrence.between(self.time_min, self.time_max).is_empty();
        }
        let Some(span) = &event.span else { return self.time_min.is_none() && self.time_max.is_none() };
        self.time_min.is_none_or(|min| span.end.instant() > min)
            && self.time_max.is_none_or(|max| span.start.instant() < max)
    }
}

/// `key=value` pairs; all of them must be there.
fn properties(query: &Query, name: &'static str) -> Result<Vec<(String, String)>, ApiError> {
    let pair = |text: &str| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let bad = || ApiError::invalid_parameter(name, "Invalid extended property filter.");
    query.all(name).map(|text| pair(text).ok_or_else(bad)).collect()
}

fn has_properties(event: &Event, kind: &str, wanted: &[(String, String)]) -> bool {
    let own = event.resource.get("extendedProperties").and_then(|all| all.get(kind));
    wanted.iter().all(|(key, value)| own.and_then(|own| own.get(key)).and_then(Value::as_str) == Some(value))
}

fn mentions(event: &Event, word: &str) -> bool {
    let holds = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(word));
    let person = |person: &Value| {
        holds(person.get("email").and_then(Value::as_str))
            || holds(person.get("displayName").and_then(Value::as_str))
    };
    ["summary", "description", "location"].iter().any(|name| holds(event.text(name)))
        || event.resource.get("organizer").is_some_and(person)
        || event.resource.get("attendees").and_then(Value::as_array).into_iter().flatten().any(person)
}
