//! The oracle's own reading of what should be in Google. It shares nothing with the planner and
//! the merge: it only remembers what the platform last said and which events users removed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::people::USERS;

/// What the platform last said of an item.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) kind: &'static str,
    pub(crate) id: &'static str,
    users: Vec<&'static str>,
    title: String,
    starts_at: Timestamp,
    status: &'static str,
    deleted: bool,
    version: i64,
}

/// An event as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) summary: String,
    pub(crate) start: String,
}

const ITEMS: [(&str, &str, &[usize]); 6] = [
    ("session", "s1", &[0, 1]),
    ("session", "s2", &[1, 2]),
    ("task", "t1", &[0]),
    ("task", "t2", &[2]),
    ("deadline", "d1", &[1]),
    ("deadline", "d2", &[2]),
];

const STATUSES: [&str; 3] = ["active", "completed", "cancelled"];

/// Everything that the platform wants.
#[derive(Debug)]
pub(crate) struct Wishes {
    pub(crate) wishes: Vec<Wish>,
    /// Events that a user removed, by user and item: they stay away until the item starts anew.
    removed: BTreeMap<(String, String), bool>,
    /// Items that were called off since both sides last agreed: who removes such an event then,
    /// they or we, only the order at Google decides, so the oracle draws no such removal.
    in_doubt: BTreeMap<String, bool>,
    /// Users whose connection is over: nothing of ours may be with them.
    disconnected: BTreeSet<String>,
    /// Users who chose another calendar since both sides last agreed.
    moving: BTreeSet<String>,
}

impl Wishes {
    pub(crate) fn new(start: Timestamp) -> Self {
        let wish = |(kind, id, users): (&'static str, &'static str, &[usize])| Wish {
            kind,
            id,
            users: users.iter().map(|index| USERS[*index]).collect(),
            title: format!("{kind} {id}"),
            starts_at: start,
            status: "active",
            deleted: true,
            version: 0,
        };
        let wishes = ITEMS.into_iter().map(wish).collect();
        Self {
            wishes,
            removed: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            disconnected: BTreeSet::new(),
            moving: BTreeSet::new(),
        }
    }

    /// Draws the platform's next edit; answers the item's place and what is to be sent.
    pub(crate) fn draw(&mut self, chance: &Chance, start: Timestamp) -> (usize, Edit) {
        let index = chance.below(self.wishes.len());
        let wish = &mut self.wishes[index];
        let key = wish.key();
        if !wish.deleted && chance.percent(12) {
            wish.deleted = true;
            self.in_doubt.insert(key.clone(), true);
            self.removed.retain(|(_, item), _| *item != key);
            return (index, Edit::Delete);
        }
        wish.deleted = false;
        wish.version += 1;
        match chance.below(5) {
            0 | 1 => wish.title = format!("{} {} v{}", wish.kind, wish.id, wish.version),
            2 | 3 => {
                let hours = i64::try_from(chance.below(24 * 20)).unwrap_or(0);
                wish.starts_at = start.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(start);
            }
            _ => wish.status = STATUSES[chance.below(STATUSES.len())],
        }
        if wish.status == "cancelled" {
            self.in_doubt.insert(key, true);
        }
        (index, Edit::Put(wish.body()))
    }

    /// A user removed the event of `item`.
    pub(crate) fn user_removed(&mut self, user: &str, item: &str) {
        self.removed.insert((user.into(), item.into()), true);
    }

    /// Whether a removal by a user now has one clear meaning.
    pub(crate) fn may_remove(&self, user: &str, item: &str) -> bool {
        !self.in_doubt.contains_key(item) && !self.is_moving(user)
    }

    /// `user` chose another calendar.
    pub(crate) fn moves(&mut self, user: &str) {
        self.moving.insert(user.into());
    }

    /// Whether events of `user` may be in two calendars at this moment.
    pub(crate) fn is_moving(&self, user: &str) -> bool {
        self.moving.contains(user)
    }

    /// Whether the event of `item` must be away from the calendar of `user`.
    pub(crate) fn is_removed(&self, user: &str, item: &str) -> bool {
        self.removed.contains_key(&(user.into(), item.into()))
    }

    /// The connection of `user` is over, and with it what they had removed: a new one starts anew.
    pub(crate) fn disconnected(&mut self, user: &str) {
        self.disconnected.insert(user.into());
        self.removed.retain(|(of_user, _), _| of_user != user);
    }

    /// `user` connected again.
    pub(crate) fn connected(&mut self, user: &str) {
        self.disconnected.remove(user);
    }

    /// Whether the connection of `user` is over.
    pub(crate) fn is_disconnected(&self, user: &str) -> bool {
        self.disconnected.contains(user)
    }

    /// Both sides agree now.
    pub(crate) fn settled(&mut self) {
        self.in_doubt.clear();
        self.moving.clear();
    }

    /// What should be in the calendar of `user`, by item.
    pub(crate) fn expected(&self, user: &str) -> BTreeMap<String, Expected> {
        let wanted = |wish: &&Wish| {
            let addressed = wish.users.contains(&user) && !wish.deleted && wish.status != "cancelled";
            addressed && !self.is_removed(user, &wish.key()) && !self.is_disconnected(user)
        };
        self.wishes.iter().filter(wanted).map(|wish| (wish.key(), wish.expected())).collect()
    }
}

/// What the platform sends.
#[derive(Debug)]
pub(crate) enum Edit {
    Put(Value),
    Delete,
}

impl Wish {
    /// As stamps name it.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.kind, self.id)
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "user_ids": self.users, "title": self.title, "status": self.status, "version": self.version,
        });
        let day = self.starts_at.strftime("%Y-%m-%d").to_string();
        match self.kind {
            "session" => {
                body["starts_at"] = self.starts_at.to_string().into();
                let end = self.starts_at + SignedDuration::from_mins(50);
                body["ends_at"] = end.to_string().into();
            }
            "task" => body["due_at"] = self.starts_at.to_string().into(),
            _ => body["due_on"] = day.into(),
        }
        body
    }

    fn expected(&self) -> Expected {
        let mark = if self.status == "completed" { "✓ " } else { "" };
        let start = if self.kind == "deadline" {
            (self.starts_at - SignedDuration::from_hours(24)).strftime("%Y-%m-%d").to_string()
        } else {
            self.starts_at.to_string()
        };
        Expected { summary: format!("{mark}{}", self.title), start }
    }
}
