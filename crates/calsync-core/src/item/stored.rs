//! Reads an item's body as it was stored. What was taken once is read for good: limits of the API that
//! are tightened later don't apply, keys that nobody knows any more are passed over, and only what the
//! rest of the program can't work with is no body.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::parse::{in_reach, is_day_in_reach};
use super::{ItemBody, ItemKind, ItemStatus, Schedule};
use crate::zone;

/// A year: longer than anything that was ever taken.
const ESTIMATED_MINUTES_MAX: i64 = 366 * 24 * 60;

#[derive(Deserialize)]
struct Stored {
    user_ids: BTreeSet<String>,
    title: String,
    description: Option<String>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    due_on: Option<Date>,
    estimated_minutes: Option<i64>,
    time_zone: Option<String>,
    meeting_url: Option<String>,
    url: Option<String>,
    status: ItemStatus,
    version: Option<i64>,
}

impl ItemBody {
    /// Reads what the body of a `kind` was serialised to; none if it isn't that.
    pub fn from_stored(kind: ItemKind, text: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        Some(Self {
            schedule: stored.schedule(kind)?,
            user_ids: stored.user_ids,
            title: stored.title,
            description: stored.description,
            // One that isn't known any more is as good as none: the user's is taken.
            time_zone: stored.time_zone.as_deref().and_then(zone::primary),
            meeting_url: stored.meeting_url,
            url: stored.url,
            status: stored.status,
            version: stored.version,
        })
    }
}

impl ItemBody {
    /// What stands for the body of a removed item that can't be read: it is nobody's, and not to be shown.
    pub fn unreadable(kind: ItemKind) -> Self {
        let schedule = match kind {
            ItemKind::Session => {
                Schedule::Between { starts_at: Timestamp::UNIX_EPOCH, ends_at: Timestamp::UNIX_EPOCH }
            }
            ItemKind::Task | ItemKind::Deadline => Schedule::On(Date::constant(1970, 1, 1)),
        };
        Self {
            user_ids: BTreeSet::new(),
            title: "-".into(),
            description: None,
            schedule,
            time_zone: None,
            meeting_url: None,
            url: None,
            status: ItemStatus::Cancelled,
            version: None,
        }
    }
}

impl Stored {
    fn schedule(&self, kind: ItemKind) -> Option<Schedule> {
        let times = [self.starts_at, self.ends_at, self.due_at];
        let is_sound = times.into_iter().flatten().all(in_reach) && self.due_on.is_none_or(is_day_in_reach);
        match kind {
            _ if !is_sound => None,
            ItemKind::Session => {
                Some(Schedule::Between { starts_at: self.starts_at?, ends_at: self.ends_at? })
            }
            ItemKind::Task if self.due_at.is_some() => {
                let estimated_minutes = self.estimated_minutes?;
                let is_sound = (1..=ESTIMATED_MINUTES_MAX).contains(&estimated_minutes);
                is_sound.then_some(Schedule::At { due_at: self.due_at?, estimated_minutes })
            }
            ItemKind::Task | ItemKind::Deadline => Some(Schedule::On(self.due_on?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(kind: ItemKind, body: &Value) -> Option<ItemBody> {
        ItemBody::from_stored(kind, &body.to_string())
    }

    #[test]
    fn what_the_api_takes_is_read_as_it_was() {
        for (kind, body) in [
            (
                ItemKind::Session,
                json!({"user_ids": ["b", "a"], "title": "Talk", "starts_at": "2031-03-09T10:00:00+09:00",
                    "ends_at": "2031-03-09T11:00:00+09:00", "meeting_url": "https://meet.example.org/x",
                    "url": "https://example.org", "time_zone": "Asia/Seoul", "status": "active", "version": 3}),
            ),
            (
                ItemKind::Task,
                json!({"user_ids": ["a"], "title": "✓", "description": "d", "due_at": "2031-03-09T10:00:00.5Z",
                    "estimated_minutes": 45, "status": "completed"}),
            ),
            (
                ItemKind::Task,
                json!({"user_ids": ["a"], "title": "t", "due_at": "2031-03-09T10:00:00Z", "status": "active"}),
            ),
            (
                ItemKind::Deadline,
                json!({"user_ids": ["a"], "title": "t", "due_on": "9990-12-31", "status": "cancelled"}),
            ),
        ] {
            let body = ItemBody::parse(kind, body.as_object().expect("an object")).expect("a good body");
            assert_eq!(ItemBody::from_stored(kind, &serde_json::to_string(&body).expect("JSON")), Some(body));
        }
    }

    #[test]
    fn what_the_api_would_not_take_any_more_is_still_read() {
        let body = json!({"user_ids": [], "title": "", "description": "d".repeat(100_000), "due_on": "2031-03-09",
            "time_zone": "Mars/Olympus", "url": "ftp://example.org", "status": "active", "version": -1,
            "of_a_later_time": true});
        let read = read(ItemKind::Task, &body).expect("it can be worked with");
        assert_eq!(read.time_zone, None, "the user's is taken");
    }

    #[test]
    fn what_stands_for_an_unreadable_body_is_a_body() {
        for kind in ItemKind::ALL {
            let body = ItemBody::unreadable(kind);
            assert_eq!(ItemBody::from_stored(kind, &serde_json::to_string(&body).expect("JSON")), Some(body));
        }
    }

    #[test]
    fn what_nothing_can_be_made_of_is_no_body() {
        let good = json!({"user_ids": ["a"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        assert!(read(ItemKind::Deadline, &good).is_some());
        assert_eq!(read(ItemKind::Session, &good), None);
        for (field, value) in [
            ("title", json!(null)),
            ("title", json!(7)),
            ("status", json!("unheard of")),
            ("user_ids", json!("a")),
            ("due_on", json!("soon")),
            ("due_on", json!("9999-12-31")),
            ("due_at", json!("2031-03-09")),
            ("due_at", json!("9999-12-30T00:00:00Z")),
        ] {
            let mut body = good.clone();
            body[field] = value;
            assert_eq!(read(ItemKind::Task, &body), None, "{body}");
        }
        let endless = json!({"user_ids": ["a"], "title": "t", "due_at": "2031-03-09T10:00:00Z",
            "estimated_minutes": i64::MAX, "status": "active"});
        assert_eq!(read(ItemKind::Task, &endless), None);
        for text in ["", "{", "[]", "null", "{\"user_ids\": [\"a\"]"] {
            assert_eq!(ItemBody::from_stored(ItemKind::Task, text), None, "{text}");
        }
    }
}
