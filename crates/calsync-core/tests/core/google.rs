//! A calendar as far as the planner can tell: ids are used once, versions are checked, and an
//! event with many guests is shown without them.

use std::collections::BTreeMap;

use calsync_core::remote::RemoteEvent;
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
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Google {
    events: BTreeMap<String, RemoteEvent>,
    versions: u64,
    /// How many writes it was sent.
    pub(crate) writes: usize,
}

impl Google {
    fn store(&mut self, id: &str, mut event: Map<String, Value>) -> RemoteEvent {
        self.versions += 1;
        event.insert("id".into(), id.into());
        event.insert("etag".into(), format!("\"{}\"", self.versions).into());
        event.entry("status").or_insert("confirmed".into());
        self.events.insert(id.into(), RemoteEvent(event));
        self.get(id).unwrap()
    }

    /// The event, also a cancelled one, as Google shows it.
    pub(crate) fn get(&self, id: &str) -> Option<RemoteEvent> {
        let mut shown = self.events.get(id)?.clone();
        if shown.0.get("attendees").is_some_and(|guests| guests.as_array().unwrap().len() > 2) {
            shown.0.remove("attendees");
            shown.0.insert("attendeesOmitted".into(), true.into());
        }
        Some(shown)
    }

    pub(crate) fn insert(&mut self, event: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        let id = event.id().to_owned();
        if self.events.contains_key(&id) {
            return Err(No::Conflict);
        }
        Ok(self.store(&id, event.0))
    }

    fn check(&self, id: &str, etag: &str) -> Result<RemoteEvent, No> {
        let event = self.events.get(id).ok_or(No::Gone)?;
        if event.etag() != etag {
            return Err(No::Changed);
        }
        if event.is_cancelled() { Err(No::Gone) } else { Ok(event.clone()) }
    }

    pub(crate) fn update(&mut self, id: &str, etag: &str, event: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        self.check(id, etag)?;
        check_times(&event.0);
        Ok(self.store(id, event.0))
    }

    /// Maps merge by key, null removes, lists are replaced.
    pub(crate) fn patch(&mut self, id: &str, etag: &str, patch: RemoteEvent) -> Result<RemoteEvent, No> {
        self.writes += 1;
        let mut event = Value::Object(self.check(id, etag)?.0);
        merge_patch(&mut event, Value::Object(patch.0));
        let Value::Object(event) = event else { panic!("an object") };
        check_times(&event);
        Ok(self.store(id, event))
    }

    pub(crate) fn delete(&mut self, id: &str) -> Result<(), No> {
        self.writes += 1;
        if self.events.get(id).is_none_or(RemoteEvent::is_cancelled) {
            return Err(No::Gone);
        }
        let tombstone = json!({"status": "cancelled"}).as_object().unwrap().clone();
        self.store(id, tombstone);
        Ok(())
    }

    pub(crate) fn live(&self) -> Vec<&RemoteEvent> {
        self.events.values().filter(|event| !event.is_cancelled()).collect()
    }

    /// The user edits the one live event, if there is one.
    pub(crate) fn user_edits(&mut self, edit: impl FnOnce(&mut Map<String, Value>)) -> Option<String> {
        let mut event = self.live().first().map(|event| (*event).clone())?;
        let id = event.id().to_owned();
        edit(&mut event.0);
        self.store(&id, event.0);
        Some(id)
    }

    /// Long after: Google knows nothing of what was removed.
    pub(crate) fn forgets_removed(&mut self) {
        self.events.retain(|_, event| !event.is_cancelled());
    }

    /// The user removes the one live event, if there is one.
    pub(crate) fn user_removes(&mut self) -> Option<String> {
        let id = self.live().first().map(|event| event.id().to_owned())?;
        self.delete(&id).unwrap();
        self.writes -= 1;
        Some(id)
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
