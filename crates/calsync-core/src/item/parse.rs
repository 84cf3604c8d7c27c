//! Reads an item's body strictly: every bad field is named, unknown keys are bad fields, and
//! nothing is guessed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{ItemBody, ItemKind, ItemStatus, Schedule};
use crate::zone;

/// The longest id that the platform may use for a user or an item, in characters.
pub const ID_LENGTH_MAX: usize = 128;
const TITLE_LENGTH_MAX: usize = 1_024;
const DESCRIPTION_LENGTH_MAX: usize = 8_000;
/// The longest link, in characters: what browsers and proxies carry everywhere.
const URL_LENGTH_MAX: usize = 2_048;
const SESSION_USERS_MAX: usize = 100;
const SESSION_SECONDS_MIN: i64 = 60;
/// What is said of a name that [`zone::primary`] doesn't know.
pub const NOT_A_ZONE: &str = "must be an IANA time zone, such as Asia/Seoul";
const ESTIMATED_MINUTES_DEFAULT: i64 = 30;
/// A week: a task that takes longer is not one event.
const ESTIMATED_MINUTES_MAX: i64 = 7 * 24 * 60;

const KEYS: [&str; 13] = [
    "user_ids",
    "title",
    "description",
    "starts_at",
    "ends_at",
    "due_at",
    "due_on",
    "estimated_minutes",
    "time_zone",
    "meeting_url",
    "url",
    "status",
    "version",
];

/// One field of a body that can't be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong with it, for the platform's developer.
    pub message: String,
}

impl FieldError {
    /// `field` can't be taken because of `message`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Checks an id of the platform's: 1–128 characters, none of them a control character.
pub fn check_id(field: &str, id: &str) -> Result<(), FieldError> {
    let length = id.chars().count();
    if length == 0 || length > ID_LENGTH_MAX {
        return Err(FieldError::new(field, format!("must have 1 to {ID_LENGTH_MAX} characters")));
    }
    if id.chars().any(char::is_control) {
        return Err(FieldError::new(field, "must not have control characters"));
    }
    Ok(())
}

impl ItemBody {
    /// Reads the body of a `kind`. All bad fields are told at once.
    pub fn parse(kind: ItemKind, body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields { body, errors: Vec::new() };
        fields.refuse_unknown();
        let user_ids = fields.user_ids(kind);
        let title = fields.text("title", 1, TITLE_LENGTH_MAX);
        let description = fields.text("description", 0, DESCRIPTION_LENGTH_MAX);
        let schedule = fields.schedule(kind);
        let time_zone = fields.time_zone();
        let meeting_url = fields.url("meeting_url");
        let url = fields.url("url");
        let status = fields.status();
        let version = fields.integer("version", 0, i64::MAX);
        if title.is_none() {
            fields.require("title");
        }
        match (fields.errors.is_empty(), title, schedule) {
            (true, Some(title), Some(schedule)) => Ok(Self {
                user_ids,
                title,
                description: description.filter(|text| !text.is_empty()),
                schedule,
                time_zone,
                meeting_url,
                url,
                status,
                version,
            }),
            _ => Err(fields.errors),
        }
    }
}

struct Fields<'a> {
    body: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields<'_> {
    fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// The value of `field`; null is absent.
    fn get(&self, field: &str) -> Option<&Value> {
        self.body.get(field).filter(|value| !value.is_null())
    }

    fn require(&mut self, field: &str) {
        if self.get(field).is_none() {
            self.refuse(field, "is required");
        }
    }

    fn refuse_unknown(&mut self) {
        let unknown: Vec<String> =
            self.body.keys().filter(|k| !KEYS.contains(&k.as_str())).cloned().collect();
        for key in unknown {
            self.refuse(&key, "unknown field");
        }
    }

    fn string(&mut self, field: &str) -> Option<String> {
        let value = self.get(field)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.refuse(field, "must be a string");
        }
        text
    }

    fn text(&mut self, field: &str, least: usize, most: usize) -> Option<String> {
        let text = self.string(field)?;
        let length = text.chars().count();
        if length < least || length > most || (least > 0 && text.trim().is_empty()) {
            self.refuse(field, format!("must have {least} to {most} characters"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.refuse(field, "must not have control characters but line breaks and tabs");
            return None;
        }
        Some(text)
    }

    fn integer(&mut self, field: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.get(field)?;
        let number = value.as_i64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.refuse(field, format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    fn user_ids(&mut self, kind: ItemKind) -> BTreeSet<String> {
        let most = if kind == ItemKind::Session { SESSION_USERS_MAX } else { 1 };
        let Some(Value::Array(values)) = self.get("user_ids") else {
            self.refuse("user_ids", "is required: a list of user ids");
            return BTreeSet::new();
        };
        let ids: BTreeSet<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let wrong_type = values.iter().any(|value| !value.is_string());
        let wrong_id = ids.iter().find_map(|id| check_id("user_ids", id).err());
        if wrong_type {
            self.refuse("user_ids", "must be a list of strings");
        } else if let Some(error) = wrong_id {
            self.errors.push(error);
        } else if ids.is_empty() || ids.len() > most {
            let limit = if most == 1 { "exactly one user".into() } else { format!("1 to {most} users") };
            self.refuse("user_ids", format!("a {} has {limit}", kind.name()));
        }
        ids
    }

    fn time_zone(&mut self) -> Option<String> {
        let name = self.string("time_zone")?;
        let zone = zone::primary(&name);
        if zone.is_none() {
            self.refuse("time_zone", NOT_A_ZONE);
        }
        zone
    }

    fn url(&mut self, field: &str) -> Option<String> {
        let url = self.string(field)?;
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host_is_there = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
        let clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
        if host_is_there && clean && url.chars().count() <= URL_LENGTH_MAX {
            return Some(url);
        }
        self.refuse(
            field,
            format!("must be an http or https address of at most {URL_LENGTH_MAX} characters"),
        );
        None
    }

    fn status(&mut self) -> ItemStatus {
        let status = self.get("status").and_then(|value| serde_json::from_value(value.clone()).ok());
        status.unwrap_or_else(|| {
            self.refuse("status", "is required: active, completed or cancelled");
            ItemStatus::Active
        })
    }

    /// An RFC 3339 time; the offset is required, since a time without one is a guess.
    fn time(&mut self, field: &str) -> Option<Timestamp> {
        let text = self.string(field)?;
        let time = text.parse::<Timestamp>().ok().filter(|time| in_reach(*time));
        if time.is_none() {
            self.refuse(field, "must be an RFC 3339 time with offset, such as 2031-03-09T14:00:00+09:00");
        }
        time
    }

    fn date(&mut self, field: &str) -> Option<Date> {
        let text = self.string(field)?;
        let date = Date::strptime("%Y-%m-%d", &text).ok().filter(|day| is_day_in_reach(*day));
        if date.is_none() || text.len() != "2031-03-09".len() {
            self.refuse(field, "must be a date YYYY-MM-DD");
            return None;
        }
        date
    }

    fn refuse_foreign_times(&mut self, kind: ItemKind, own: &[&str]) {
        for field in ["starts_at", "ends_at", "due_at", "due_on", "estimated_minutes"] {
            if !own.contains(&field) && self.get(field).is_some() {
                self.refuse(field, format!("not allowed for a {}", kind.name()));
            }
        }
    }

    fn schedule(&mut self, kind: ItemKind) -> Option<Schedule> {
        match kind {
            ItemKind::Session => self.session_schedule(),
            ItemKind::Task => self.task_schedule(),
            ItemKind::Deadline => {
                self.refuse_foreign_times(kind, &["due_on"]);
                self.require("due_on");
                self.date("due_on").map(Schedule::On)
            }
        }
    }

    fn session_schedule(&mut self) -> Option<Schedule> {
        self.refuse_foreign_times(ItemKind::Session, &["starts_at", "ends_at"]);
        self.require("starts_at");
        self.require("ends_at");
        let (starts_at, ends_at) = (self.time("starts_at"), self.time("ends_at"));
        let (starts_at, ends_at) = (starts_at?, ends_at?);
        // By whole seconds, as Google keeps times; it takes no event without a length.
        if ends_at.as_second() - starts_at.as_second() < SESSION_SECONDS_MIN {
            self.refuse("ends_at", "must be at least one minute after starts_at");
            return None;
        }
        Some(Schedule::Between { starts_at, ends_at })
    }

    fn task_schedule(&mut self) -> Option<Schedule> {
        self.refuse_foreign_times(ItemKind::Task, &["due_at", "due_on", "estimated_minutes"]);
        let minutes = self.integer("estimated_minutes", 1, ESTIMATED_MINUTES_MAX);
        match (self.get("due_at").is_some(), self.get("due_on").is_some()) {
            (true, false) => Some(Schedule::At {
                due_at: self.time("due_at")?,
                estimated_minutes: minutes.unwrap_or(ESTIMATED_MINUTES_DEFAULT),
            }),
            (false, true) => self.date("due_on").map(Schedule::On),
            (true, true) | (false, false) => {
                self.refuse("due_at", "a task has exactly one of due_at and due_on");
                None
            }
        }
    }
}

/// Years 1970 to 9990: what every calendar and database can hold, with room for a day on each side.
pub(super) fn in_reach(time: Timestamp) -> bool {
    is_day_in_reach(time.to_zoned(TimeZone::UTC).date())
}

pub(super) fn is_day_in_reach(day: Date) -> bool {
    (1970..=9990).contains(&day.year())
}

/// Writes a schedule as the contract's fields.
pub(super) fn schedule_fields<S: Serializer>(schedule: &Schedule, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(None)?;
    match schedule {
        Schedule::Between { starts_at, ends_at } => {
            fields.serialize_entry("starts_at", starts_at)?;
            fields.serialize_entry("ends_at", ends_at)?;
        }
        Schedule::At { due_at, estimated_minutes } => {
            fields.serialize_entry("due_at", due_at)?;
            fields.serialize_entry("estimated_minutes", estimated_minutes)?;
        }
        Schedule::On(date) => fields.serialize_entry("due_on", date)?,
    }
    fields.end()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(kind: ItemKind, body: Value) -> Result<ItemBody, Vec<FieldError>> {
        ItemBody::parse(kind, body.as_object().expect("tests pass objects"))
    }

    fn refused_fields(kind: ItemKind, body: Value) -> Vec<String> {
        parse(kind, body).expect_err("must be refused").into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_stored_body_reads_back_as_itself() {
        let bodies = [
            (
                ItemKind::Session,
                json!({"user_ids": ["b", "a", "a"], "title": "Mentoring", "starts_at": "2031-03-09T10:00:00+09:00",
                "ends_at": "2031-03-09T11:00:00+09:00", "meeting_url": "https://meet.example.org/x", "status": "active", "version": 3}),
            ),
            (
                ItemKind::Task,
                json!({"user_ids": ["a"], "title": "✓", "due_at": "2031-03-09T10:00:00Z", "status": "completed"}),
            ),
            (
                ItemKind::Task,
                json!({"user_ids": ["a"], "title": "Read", "due_on": "2031-03-09", "status": "active"}),
            ),
            (
                ItemKind::Deadline,
                json!({"user_ids": ["a"], "title": "Apply", "due_on": "2031-03-09", "url": null,
                    "status": "cancelled"}),
            ),
        ];
        for (kind, body) in bodies {
            let first = parse(kind, body).expect("a good body");
            let stored = serde_json::to_value(&first).expect("serialises");
            assert_eq!(parse(kind, stored).expect("reads back"), first);
        }
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let body = json!({"user_ids": [], "title": " ", "starts_at": "2031-03-09T10:00:00", "ends_at": 5,
            "due_on": "2031-03-09", "time_zone": "Mars/Base", "url": "javascript:alert(1)", "status": "done",
            "version": -1, "colour": "red"});
        let mut fields = refused_fields(ItemKind::Session, body);
        fields.sort();
        fields.dedup();
        assert_eq!(
            fields,
            [
                "colour",
                "due_on",
                "ends_at",
                "starts_at",
                "status",
                "time_zone",
                "title",
                "url",
                "user_ids",
                "version"
            ]
        );
    }

    #[test]
    fn a_task_has_exactly_one_due_field_and_one_user() {
        let both = json!({"user_ids": ["a"], "title": "t", "due_at": "2031-03-09T10:00:00Z",
            "due_on": "2031-03-09", "status": "active"});
        assert_eq!(refused_fields(ItemKind::Task, both), ["due_at"]);
        assert_eq!(
            refused_fields(ItemKind::Task, json!({"user_ids": ["a"], "title": "t", "status": "active"})),
            ["due_at"]
        );
        let two = json!({"user_ids": ["a", "b"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        assert_eq!(refused_fields(ItemKind::Task, two), ["user_ids"]);
    }

    #[test]
    fn a_session_ends_after_it_starts() {
        let body = json!({"user_ids": ["a"], "title": "t", "starts_at": "2031-03-09T10:00:00Z",
            "ends_at": "2031-03-09T19:00:00+09:00", "status": "active"});
        assert_eq!(refused_fields(ItemKind::Session, body), ["ends_at"]);
    }

    #[test]
    fn a_session_takes_a_minute_at_least() {
        let ending = |at: &str| json!({"user_ids": ["a"], "title": "t", "starts_at": "2031-03-09T10:00:00.9Z", "ends_at": at, "status": "active"});
        parse(ItemKind::Session, ending("2031-03-09T10:01:00Z")).expect("a minute by whole seconds");
        assert_eq!(refused_fields(ItemKind::Session, ending("2031-03-09T10:00:59.99Z")), ["ends_at"]);
    }

    #[test]
    fn zones_are_kept_by_their_primary_names() {
        let zoned = |zone: &str| json!({"user_ids": ["a"], "title": "t", "due_on": "2031-03-09", "time_zone": zone, "status": "active"});
        let kept = |zone: &str| parse(ItemKind::Task, zoned(zone)).expect("a zone").time_zone;
        assert_eq!(kept("asia/calcutta").as_deref(), Some("Asia/Kolkata"));
        assert_eq!(kept("utc").as_deref(), Some("UTC"));
        for refused in ["Factory", "localtime", "posixrules"] {
            assert_eq!(refused_fields(ItemKind::Task, zoned(refused)), ["time_zone"]);
        }
    }

    #[test]
    fn texts_have_no_control_characters_but_line_breaks_and_tabs() {
        let titled = |title: &str, description: &str| json!({"user_ids": ["a"], "title": title, "description": description, "due_on": "2031-03-09", "status": "active"});
        parse(ItemKind::Task, titled("t", "a\r\n\tb\n")).expect("line breaks and tabs");
        assert_eq!(refused_fields(ItemKind::Task, titled("a\u{7}b", "c\u{0}")), ["title", "description"]);
    }
}
