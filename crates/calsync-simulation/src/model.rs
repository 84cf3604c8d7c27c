//! The oracle's own reading of what should be in Google. It shares nothing with the planner and
//! the merge: it only remembers what the platform last said and which events users removed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_simulator::EventTime;
use calsync_testing::SeededRng;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::options::RunOptions;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Session,
    Task,
    Deadline,
}

/// A field of an event that the platform owns and users change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Title,
    Times,
}

/// What the platform last said of an item.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedItem {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) users: BTreeSet<&'static str>,
    title: String,
    text: Option<String>,
    starts_at: Timestamp,
    status: &'static str,
    deleted: bool,
    version: i64,
    /// Fields that it changed since both sides last agreed.
    pub(crate) changed: BTreeSet<Field>,
}

/// An event as the platform wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) title: String,
    pub(crate) times: (EventTime, EventTime),
    /// Our part of the description.
    pub(crate) block: String,
    pub(crate) location: Option<String>,
}

const STATUSES: [&str; 3] = ["active", "completed", "cancelled"];

/// Users that a session can have.
const USERS_MAX: usize = 3;

/// Everything that the platform wants.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) items: Vec<ExpectedItem>,
    /// Events that a user removed, by user and item: they stay away until the item starts anew.
    removed: BTreeSet<(String, String)>,
    /// Items that were called off since both sides last agreed: who removes such an event then,
    /// they or we, only the order at Google decides, so the oracle draws no such removal.
    in_doubt: BTreeSet<String>,
}

/// What the platform does next.
#[derive(Debug)]
pub(crate) enum Change {
    Put(Value),
    Delete,
}

impl Change {
    /// For the trace.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Put(body) => format!("put {body}"),
            Self::Delete => "delete".into(),
        }
    }
}

impl Model {
    pub(crate) fn new(options: &RunOptions, start: Timestamp) -> Self {
        let kinds = [
            (Kind::Session, options.sessions()),
            (Kind::Task, options.tasks()),
            (Kind::Deadline, options.deadlines()),
        ];
        let expected_item = |(kind, number): (Kind, usize)| ExpectedItem {
            kind,
            id: format!("{}{number}", &kind.name()[..1]),
            users: BTreeSet::new(),
            title: format!("{} {number}", kind.name()),
            text: None,
            starts_at: start,
            status: "active",
            deleted: true,
            version: 0,
            changed: BTreeSet::new(),
        };
        let each = kinds.into_iter().flat_map(|(kind, count)| (1..=count).map(move |number| (kind, number)));
        Self { items: each.map(expected_item).collect(), removed: BTreeSet::new(), in_doubt: BTreeSet::new() }
    }

    /// Draws the platform's next edit of the item at `index`, for `users` who are there; none if nobody is.
    pub(crate) fn draw(
        &self,
        rng: &SeededRng,
        index: usize,
        users: &[&'static str],
        start: Timestamp,
    ) -> Option<ExpectedItem> {
        let mut expected_item = self.items[index].clone();
        if !expected_item.deleted && rng.percent(12) {
            expected_item.deleted = true;
            return Some(expected_item);
        }
        let users_max = if expected_item.kind == Kind::Session { USERS_MAX } else { 1 };
        if expected_item.users.is_empty() || (expected_item.kind == Kind::Session && rng.percent(10)) {
            expected_item.users = (0..rng.below(users_max) + 1)
                .filter_map(|_| users.get(rng.below(users.len().max(1))))
                .copied()
                .collect();
        }
        if expected_item.users.is_empty() {
            return None;
        }
        expected_item.deleted = false;
        expected_item.version += 1;
        let name = format!("{} v{}", expected_item.id, expected_item.version);
        match rng.below(8) {
            0 | 1 => {
                expected_item.title = format!("{} {name}", expected_item.kind.name());
                expected_item.changed.insert(Field::Title);
            }
            2 | 3 => {
                let hours = i64::try_from(rng.below(24 * 20)).ok()?;
                expected_item.starts_at = start + SignedDuration::from_hours(hours);
                expected_item.changed.insert(Field::Times);
            }
            4 | 5 => {
                let texts =
                    [None, Some(format!("About {name}.")), Some(format!("About {name}:\nbring\nquestions."))];
                expected_item.text = rng.pick(&texts).clone();
            }
            // The same again, or a new version of it.
            6 => {}
            _ => {
                expected_item.status = *rng.pick::<&'static str>(&STATUSES);
                expected_item.changed.insert(Field::Title);
            }
        }
        Some(expected_item)
    }

    /// The platform said `wish` of the item at `index`, and we took it.
    pub(crate) fn said(&mut self, index: usize, expected_item: ExpectedItem) {
        let key = expected_item.key();
        if expected_item.deleted {
            self.removed.retain(|(_, item)| *item != key);
        }
        let before = &self.items[index];
        let is_left = before.users.iter().any(|user| before.is_for(user) && !expected_item.is_for(user));
        if is_left {
            self.in_doubt.insert(key);
        }
        self.items[index] = expected_item;
    }

    /// Whether both the old and the new life of an event of `item` may be told apart now.
    pub(crate) fn is_in_doubt(&self, item: &str) -> bool {
        self.in_doubt.contains(item)
    }

    /// A user removed the event of `item`.
    pub(crate) fn user_removed(&mut self, user: &str, item: &str) {
        self.removed.insert((user.into(), item.into()));
    }

    /// Whether the event of `item` must be away from the calendar of `user`.
    pub(crate) fn is_removed(&self, user: &str, item: &str) -> bool {
        self.removed.contains(&(user.into(), item.into()))
    }

    /// The connection of `user` is over, and with it what they had removed: a new one starts anew.
    pub(crate) fn disconnected(&mut self, user: &str) {
        self.removed.retain(|(of_user, _)| of_user != user);
    }

    /// The platform's `user` is forgotten: what was theirs alone is gone.
    pub(crate) fn forgotten(&mut self, user: &str) {
        for expected_item in &mut self.items {
            expected_item.users.remove(user);
            expected_item.deleted |= expected_item.users.is_empty();
        }
    }

    /// Both sides agree now.
    pub(crate) fn settled(&mut self) {
        self.in_doubt.clear();
        for expected_item in &mut self.items {
            expected_item.changed.clear();
        }
    }

    /// What is said of the item with the key `item`.
    pub(crate) fn of_item(&self, item: &str) -> anyhow::Result<&ExpectedItem> {
        self.items
            .iter()
            .find(|expected_item| expected_item.key() == item)
            .with_context(|| format!("{item} is no item"))
    }

    /// What should be in the calendar of `user`, who is connected, by item.
    pub(crate) fn expected(&self, user: &str) -> BTreeMap<String, Expected> {
        let wanted = self.items.iter().filter(|expected_item| {
            expected_item.is_for(user) && !self.is_removed(user, &expected_item.key())
        });
        wanted.map(|expected_item| (expected_item.key(), expected_item.expected())).collect()
    }
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Task => "task",
            Self::Deadline => "deadline",
        }
    }
}

impl ExpectedItem {
    /// As stamps name it.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.id)
    }

    /// As the store names it.
    pub(crate) fn stored_key(&self) -> anyhow::Result<ItemKey> {
        let kind = ItemKind::from_name(self.kind.name()).context("a kind of item")?;
        Ok(ItemKey { kind, id: self.id.clone() })
    }

    /// Its path in the platform's API.
    pub(crate) fn path(&self) -> String {
        format!("/items/{}/{}", self.kind.name(), self.id)
    }

    /// Whether it is to be in the calendar of `user`, if they are connected.
    pub(crate) fn is_for(&self, user: &str) -> bool {
        self.users.contains(user) && !self.deleted && self.status != "cancelled"
    }

    /// Whether the platform knows it at all.
    pub(crate) const fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// What the platform sends.
    pub(crate) fn change(&self) -> Change {
        if self.deleted { Change::Delete } else { Change::Put(self.body()) }
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "user_ids": self.users, "title": self.title, "status": self.status, "version": self.version,
            "description": self.text,
        });
        let day = self.starts_at.strftime("%Y-%m-%d").to_string();
        match self.kind {
            Kind::Session => {
                body["starts_at"] = self.starts_at.to_string().into();
                body["ends_at"] = (self.starts_at + SignedDuration::from_mins(50)).to_string().into();
                body["meeting_url"] = self.link().into();
            }
            Kind::Task => body["due_at"] = self.starts_at.to_string().into(),
            Kind::Deadline => body["due_on"] = day.into(),
        }
        body
    }

    fn link(&self) -> String {
        format!("https://meet.example.org/{}", self.id)
    }

    /// The event as it should be.
    pub(crate) fn expected(&self) -> Expected {
        let mark = if self.status == "completed" { "✓ " } else { "" };
        let minutes = |minutes| EventTime::At(self.starts_at + SignedDuration::from_mins(minutes));
        let day = self.starts_at.to_zoned(TimeZone::UTC).date();
        let link = (self.kind == Kind::Session).then(|| self.link());
        let parts: Vec<&str> = [&self.text, &link].into_iter().flatten().map(String::as_str).collect();
        Expected {
            title: format!("{mark}{}", self.title),
            times: match self.kind {
                Kind::Session => (minutes(0), minutes(50)),
                Kind::Task => (minutes(0), minutes(30)),
                Kind::Deadline => (EventTime::On(day.saturating_sub(1.day())), EventTime::On(day)),
            },
            block: parts.join("\n\n"),
            location: link,
        }
    }
}
