//! The oracle's own reading of what should be in Google. It shares nothing with the planner and
//! the merge: it only remembers what the platform last said and which events users removed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
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
pub(crate) struct Wish {
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
pub(crate) struct Wishes {
    pub(crate) wishes: Vec<Wish>,
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

impl Wishes {
    pub(crate) fn new(options: &RunOptions, start: Timestamp) -> Self {
        let kinds = [
            (Kind::Session, options.sessions()),
            (Kind::Task, options.tasks()),
            (Kind::Deadline, options.deadlines()),
        ];
        let wish = |(kind, number): (Kind, usize)| Wish {
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
        Self { wishes: each.map(wish).collect(), removed: BTreeSet::new(), in_doubt: BTreeSet::new() }
    }

    /// Draws the platform's next edit of the item at `index`, for `users` who are there; none if nobody is.
    pub(crate) fn draw(
        &self,
        rng: &SeededRng,
        index: usize,
        users: &[&'static str],
        start: Timestamp,
    ) -> Option<Wish> {
        let mut wish = self.wishes[index].clone();
        if !wish.deleted && rng.percent(12) {
            wish.deleted = true;
            return Some(wish);
        }
        let users_max = if wish.kind == Kind::Session { USERS_MAX } else { 1 };
        if wish.users.is_empty() || (wish.kind == Kind::Session && rng.percent(10)) {
            wish.users = (0..rng.below(users_max) + 1)
                .filter_map(|_| users.get(rng.below(users.len().max(1))))
                .copied()
                .collect();
        }
        if wish.users.is_empty() {
            return None;
        }
        wish.deleted = false;
        wish.version += 1;
        let name = format!("{} v{}", wish.id, wish.version);
        match rng.below(8) {
            0 | 1 => {
                wish.title = format!("{} {name}", wish.kind.name());
                wish.changed.insert(Field::Title);
            }
            2 | 3 => {
                let hours = i64::try_from(rng.below(24 * 20)).ok()?;
                wish.starts_at = start + SignedDuration::from_hours(hours);
                wish.changed.insert(Field::Times);
            }
            4 | 5 => {
                let texts =
                    [None, Some(format!("About {name}.")), Some(format!("About {name}:\nbring\nquestions."))];
                wish.text = rng.pick(&texts).clone();
            }
            // The same again, or a new version of it.
            6 => {}
            _ => {
                wish.status = *rng.pick::<&'static str>(&STATUSES);
                wish.changed.insert(Field::Title);
            }
        }
        Some(wish)
    }

    /// The platform said `wish` of the item at `index`, and we took it.
    pub(crate) fn said(&mut self, index: usize, wish: Wish) {
        let key = wish.key();
        if wish.deleted {
            self.removed.retain(|(_, item)| *item != key);
        }
        let before = &self.wishes[index];
        let is_left = before.users.iter().any(|user| before.is_for(user) && !wish.is_for(user));
        if is_left {
            self.in_doubt.insert(key);
        }
        self.wishes[index] = wish;
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
        for wish in &mut self.wishes {
            wish.users.remove(user);
            wish.deleted |= wish.users.is_empty();
        }
    }

    /// Both sides agree now.
    pub(crate) fn settled(&mut self) {
        self.in_doubt.clear();
        for wish in &mut self.wishes {
            wish.changed.clear();
        }
    }

    /// What is said of the item with the key `item`.
    pub(crate) fn of_item(&self, item: &str) -> anyhow::Result<&Wish> {
        self.wishes.iter().find(|wish| wish.key() == item).with_context(|| format!("{item} is no item"))
    }

    /// What should be in the calendar of `user`, who is connected, by item.
    pub(crate) fn expected(&self, user: &str) -> BTreeMap<String, Expected> {
        let wanted =
            self.wishes.iter().filter(|wish| wish.is_for(user) && !self.is_removed(user, &wish.key()));
        wanted.map(|wish| (wish.key(), wish.expected())).collect()
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

impl Wish {
    /// As stamps name it.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.id)
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
