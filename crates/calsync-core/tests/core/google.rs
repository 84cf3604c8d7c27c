//! Calendars as far as the planner can tell: ids are used once, versions are checked, an event with
//! many guests is shown without them, what it is sent is evened out, and a calendar may be closed to us or gone.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::remote::RemoteEvent;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Why Google did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// 409: the id was used.
    Conflict,
    /// 412: it is at another version.
    Changed,
    /// 404 or 410.
    Gone,
    /// 403, or an insert's 404: the calendar is not ours to write to.
    Closed,
}

/// An event's calendar and id.
pub(crate) type Key = (String, String);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Google {
    events: BTreeMap<Key, RemoteEvent>,
    versions: u64,
    /// How many writes it was sent.
    pub(crate) writes: usize,
    /// Calendars that are gone.
    gone: BTreeSet<String>,
    /// Calendars that we may only read.
    pub(crate) read_only: BTreeSet<String>,
}

impl Google {
    fn store(&mut self, key: &Key, mut event: Map<String, Value>) -> RemoteEvent {
        self.versions += 1;
        even_out(&mut event);
        let now = self.now().to_string();
        let created = self.events.get(key).map_or_else(|| now.clone().into(), |old| old.0["created"].clone());
        event.insert("created".into(), created);
        event.insert("updated".into(), now.into());
        event.insert("id".into(), key.1.clone().into());
        event.insert("etag".into(), format!("\"{}\"", self.versions).into());
        event.entry("status").or_insert("confirmed".into());
        self.events.insert(key.clone(), RemoteEvent(event));
        self.get(key).unwrap()
    }

    /// Each write is later than the one before, by more than clocks may differ.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(10 * i64::try_from(self.versions).unwrap()).unwrap()
    }

    /// The event, also a cancelled one, as Google shows it.
    pub(crate) fn get(&self, key: &Key) -> Option<RemoteEvent> {
        let mut shown = self.events.get(key)?.clone();
        if shown.0.get("attendees").is_some_and(|guests| guests.as_array().unwrap().len() > 2) {
            shown.0.remove("attendees");
            shown.0.insert("attendeesOmitted".into(), true.into());
        }
        Some(shown)
    }

    pub(crate) fn insert(&mut self, calendar: &str, event: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        let key = (calendar.to_owned(), event.id().to_owned());
        if self.is_closed(calendar) {
            return Err(No::Closed);
        }
        if self.events.contains_key(&key) {
            return Err(No::Conflict);
        }
        Ok(self.store(&key, event.0))
    }

    pub(crate) fn is_closed(&self, calendar: &str) -> bool {
        self.gone.contains(calendar) || self.read_only.contains(calendar)
    }

    pub(crate) fn is_gone(&self, calendar: &str) -> bool {
        self.gone.contains(calendar)
    }

    fn check(&self, key: &Key, etag: Option<&str>) -> Result<RemoteEvent, No> {
        let event = self.events.get(key).ok_or(No::Gone)?;
        match etag {
            _ if self.read_only.contains(&key.0) => Err(No::Closed),
            _ if event.is_cancelled() => Err(No::Gone),
            Some(etag) if event.etag() != etag => Err(No::Changed),
            _ => Ok(event.clone()),
        }
    }

    pub(crate) fn update(&mut self, key: &Key, etag: &str, event: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        self.check(key, Some(etag))?;
        check_times(&event.0);
        Ok(self.store(key, event.0))
    }

    /// Maps merge by key, null removes, lists are replaced.
    pub(crate) fn patch(&mut self, key: &Key, etag: &str, patch: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        let mut event = Value::Object(self.check(key, Some(etag))?.0);
        merge_patch(&mut event, Value::Object(patch.0));
        let Value::Object(event) = event else { panic!("an object") };
        check_times(&event);
        Ok(self.store(key, event))
    }

    pub(crate) fn delete(&mut self, key: &Key, etag: Option<&str>) -> Result<(), No> {
        self.writes += 1;
        self.check(key, etag)?;
        self.bury(key);
        Ok(())
    }

    fn bury(&mut self, key: &Key) {
        let tombstone = json!({"status": "cancelled"}).as_object().unwrap().clone();
        self.store(key, tombstone);
    }

    pub(crate) fn live(&self) -> Vec<&RemoteEvent> {
        self.live_at().into_iter().map(|(_, event)| event).collect()
    }

    /// Live events with their places, the oldest first.
    pub(crate) fn live_at(&self) -> Vec<(&Key, &RemoteEvent)> {
        let mut live: Vec<_> = self.events.iter().filter(|(_, event)| !event.is_cancelled()).collect();
        live.sort_by_key(|(_, event)| event.created_at());
        live
    }

    /// The user edits the `nth` live event, if there is one.
    pub(crate) fn user_edits(
        &mut self,
        nth: usize,
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> Option<Key> {
        let (key, mut event) = self.nth(nth)?;
        edit(&mut event.0);
        self.store(&key, event.0);
        Some(key)
    }

    fn nth(&self, nth: usize) -> Option<(Key, RemoteEvent)> {
        let live = self.live_at();
        live.get(nth % live.len().max(1)).map(|(key, event)| ((*key).clone(), (*event).clone()))
    }

    /// Long after: Google knows nothing of what was removed.
    pub(crate) fn forgets_removed(&mut self) {
        self.events.retain(|_, event| !event.is_cancelled());
    }

    /// The user removes the `nth` live event, if there is one.
    pub(crate) fn user_removes(&mut self, nth: usize) -> Option<Key> {
        let (key, _) = self.nth(nth)?;
        self.bury(&key);
        Some(key)
    }

    /// The user removes a whole calendar, and with it every trace of what was there.
    pub(crate) fn user_removes_calendar(&mut self, calendar: &str) {
        self.gone.insert(calendar.to_owned());
        self.events.retain(|(of, _), _| of != calendar);
    }
}

/// What Google makes of what it is sent: another name of the same zone, and no space around a title.
fn even_out(event: &mut Map<String, Value>) {
    for key in ["start", "end"] {
        if let Some(zone) = event.get_mut(key).and_then(|time| time.get_mut("timeZone"))
            && zone == "Asia/Seoul"
        {
            *zone = "ROK".into();
        }
    }
    if let Some(Value::String(title)) = event.get_mut("summary") {
        *title = title.trim().to_owned();
    }
}

fn check_times(event: &Map<String, Value>) {
    for key in ["start", "end"] {
        let has = |part: &str| event[key].get(part).is_some();
        assert!(has("date") != has("dateTime"), "Google refuses {}", event[key]);
    }
}

fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge_patch(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
