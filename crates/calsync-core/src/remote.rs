//! An event as Google gave it: kept whole, so that a full `update` sends back every field that we
//! don't own (facts: `update` replaces all).

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::managed::{ManagedFields, When};
use crate::{text, zone};

/// What Google gives an event by its place, and what only it can write.
const OF_ITS_PLACE: [&str; 13] = [
    "attendeesOmitted",
    "created",
    "creator",
    "etag",
    "hangoutLink",
    "htmlLink",
    "iCalUID",
    "id",
    "kind",
    "locked",
    "organizer",
    "sequence",
    "updated",
];

/// The whole of an event, in Google's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteEvent(pub Map<String, Value>);

impl RemoteEvent {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    /// Google's id of it.
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// Its version at Google.
    pub fn etag(&self) -> &str {
        self.text("etag").unwrap_or_default()
    }

    /// When it was made, by Google's clock.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.text("created")?.parse().ok()
    }

    /// When it last changed, by Google's clock.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.text("updated")?.parse().ok()
    }

    /// Its address for people.
    pub fn html_link(&self) -> Option<&str> {
        self.text("htmlLink")
    }

    /// Whether it is a tombstone.
    pub fn is_cancelled(&self) -> bool {
        self.text("status") == Some("cancelled")
    }

    /// Whether Google left guests out, so that it must not be written back whole.
    pub fn is_incomplete(&self) -> bool {
        self.0.get("attendeesOmitted").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether it can be made anew elsewhere without losing anything. Guests that Google doesn't show and
    /// changed occurrences of a series can't be copied, so such an event stays where it is.
    pub(crate) fn can_be_copied(&self) -> bool {
        !(self.is_incomplete() || self.0.contains_key("recurrence"))
    }

    /// The description, or nothing.
    pub fn description(&self) -> &str {
        self.text("description").unwrap_or_default()
    }

    /// A private extended property.
    pub fn private(&self, key: &str) -> Option<&str> {
        self.0.get("extendedProperties")?.get("private")?.get(key)?.as_str()
    }

    /// Sets private extended properties, leaving others as they are.
    pub fn set_private(&mut self, pairs: impl IntoIterator<Item = (&'static str, String)>) {
        for (key, value) in pairs {
            self.set_property("private", key, Some(value.into()));
        }
    }

    fn properties(&mut self, part: &str) -> Option<&mut Map<String, Value>> {
        let extended = object(self.0.entry("extendedProperties").or_insert(Value::Null))?;
        object(extended.entry(part).or_insert(Value::Null))
    }

    /// The times, if they can be read.
    pub fn when(&self) -> Option<When> {
        let (start, end) = (self.0.get("start")?, self.0.get("end")?);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(first), Some(end)) = (text(start, "date"), text(end, "date")) {
            return Some(When::AllDay { first: first.parse().ok()?, end: end.parse().ok()? });
        }
        Some(When::Timed {
            start: text(start, "dateTime")?.parse().ok()?,
            end: text(end, "dateTime")?.parse().ok()?,
            zone: text(start, "timeZone").unwrap_or_else(|| "UTC".into()),
        })
    }

    /// The managed fields, with `managed_text` taken for our part of the description.
    pub fn managed(&self, managed_text: String) -> Option<ManagedFields> {
        Some(ManagedFields {
            title: self.text("summary").unwrap_or_default().to_owned(),
            when: self.when()?,
            location: self.text("location").filter(|l| !l.is_empty()).map(str::to_owned),
            managed_text,
            source_url: self.source_url().map(str::to_owned),
        })
    }

    fn source_url(&self) -> Option<&str> {
        self.0.get("source")?.get("url")?.as_str()
    }

    /// Writes `managed` into it, with `description` as the whole description. What means the same already
    /// stays as Google has it.
    pub fn set_managed(&mut self, managed: &ManagedFields, description: String, source_title: &str) {
        if !self.0.contains_key("summary")
            || !text::is_same(self.text("summary").unwrap_or_default(), &managed.title)
        {
            self.0.insert("summary".into(), managed.title.clone().into());
        }
        if !self.when().is_some_and(|when| is_kept(&when, &managed.when)) {
            let (start, end) = match &managed.when {
                When::Timed { start, end, zone } => (timed(*start, zone), timed(*end, zone)),
                When::AllDay { first, end } => (json!({ "date": first }), json!({ "date": end })),
            };
            self.0.insert("start".into(), start);
            self.0.insert("end".into(), end);
        }
        if text::present(self.text("location")) != text::present(managed.location.as_deref()) {
            self.set_or_remove("location", managed.location.clone().map(Value::from));
        }
        self.set_or_remove("description", (!description.is_empty()).then(|| description.into()));
        if self.source_url() != managed.source_url.as_deref() {
            let source = managed.source_url.as_ref().map(|url| json!({"title": source_title, "url": url}));
            self.set_or_remove("source", source);
        }
    }

    /// Makes it a patch of what [`Self::set_managed`] wrote: what is absent is named, so that it is cleared.
    pub fn name_absent(&mut self) {
        for key in ["location", "description", "source"] {
            self.0.entry(key).or_insert(Value::Null);
        }
        for key in ["start", "end"] {
            let Some(Value::Object(time)) = self.0.get_mut(key) else { continue };
            for part in ["date", "dateTime", "timeZone"] {
                time.entry(part).or_insert(Value::Null);
            }
        }
    }

    /// What there is in it that would be the same in another calendar.
    pub fn without_place(&self) -> Self {
        let mut event = self.clone();
        event.0.retain(|key, _| !OF_ITS_PLACE.contains(&key.as_str()));
        event
    }

    /// The keys that differ from `before`, as a patch names them.
    pub fn changed_from(&self, before: &Self) -> Self {
        let before = &before.0;
        let keys = self.0.keys().chain(before.keys());
        let changed = keys.filter(|key| self.0.get(*key) != before.get(*key));
        let named = |key: &String| (key.clone(), self.0.get(key).cloned().unwrap_or(Value::Null));
        Self(changed.map(named).collect())
    }

    /// Sets one extended property of `part`, `private` or `shared`, or clears it.
    pub fn set_property(&mut self, part: &str, key: &str, value: Option<Value>) {
        let Some(properties) = self.properties(part) else { return };
        match value {
            Some(value) => properties.insert(key.to_owned(), value),
            None => properties.remove(key),
        };
    }

    pub(crate) fn set_or_remove(&mut self, key: &str, value: Option<Value>) {
        match value {
            Some(value) => self.0.insert(key.into(), value),
            None => self.0.remove(key),
        };
    }
}

/// `value` as an object, made one if it isn't.
fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// Whether an event at `is` need not be written anew to be at `wanted`.
fn is_kept(is: &When, wanted: &When) -> bool {
    match (is, wanted) {
        (When::Timed { zone, .. }, When::Timed { zone: wanted_zone, .. }) => {
            is.is_same_time(wanted) && zone::is_same(zone, wanted_zone)
        }
        _ => is == wanted,
    }
}

/// An instant as people in `zone` read it. A zone that this machine doesn't know is not named, since
/// Google may not take it either (it gives `GMT+01:00` itself); an offset that RFC 3339 can't say is written in
/// UTC: Monrovia's had seconds until 1972.
fn timed(instant: Timestamp, zone: &str) -> Value {
    let Ok(known) = TimeZone::get(zone) else {
        return json!({ "dateTime": instant.display_with_offset(Offset::UTC).to_string() });
    };
    let local = known.to_offset(instant);
    let offset = if local.seconds() % 60 == 0 { local } else { Offset::UTC };
    json!({"dateTime": instant.display_with_offset(offset).to_string(), "timeZone": zone})
}
