//! Items: what the platform wants in calendars. [`ItemBody::parse`] is the only way in, so an
//! [`Item`] obeyed the rules of its kind when it came; [`ItemBody::from_stored`] reads it since.

mod parse;
mod stored;
mod versions;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use parse::{FieldError, ID_LENGTH_MAX, NOT_A_ZONE, check_id};
pub use versions::Versions;

/// The three kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A booked meeting of one or more users, with a link.
    Session,
    /// Something to do, which can be completed.
    Task,
    /// A date, announced one day before.
    Deadline,
}

impl ItemKind {
    /// All kinds, in the order in which they are listed to people.
    pub const ALL: [Self; 3] = [Self::Session, Self::Task, Self::Deadline];

    /// The kind's name in URLs, JSON and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Task => "task",
            Self::Deadline => "deadline",
        }
    }

    /// The kind called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The platform's name for an item: its kind and the platform's own id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemKey {
    /// The kind.
    pub kind: ItemKind,
    /// The platform's id, 1–128 characters.
    pub id: String,
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}

/// Where an item stands in the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// To be shown as it is.
    #[default]
    Active,
    /// Done: stays, with a leading `✓ `.
    Completed,
    /// Called off: removed from calendars.
    Cancelled,
}

/// When an item takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// A session's time; it starts before it ends.
    Between {
        /// The start.
        starts_at: Timestamp,
        /// The end.
        ends_at: Timestamp,
    },
    /// A task's moment and how long it takes.
    At {
        /// The moment the task is due, where its event starts.
        due_at: Timestamp,
        /// Its length, in minutes.
        estimated_minutes: i64,
    },
    /// A day without a time.
    On(Date),
}

/// What the platform says of an item, checked. It serialises to the contract's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemBody {
    /// Whose calendars it belongs in.
    pub user_ids: BTreeSet<String>,
    /// 1–1,024 characters.
    pub title: String,
    /// At most 8,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it takes place.
    #[serde(flatten, serialize_with = "parse::schedule_fields")]
    pub schedule: Schedule,
    /// The IANA zone in which the platform thinks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Where to meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_url: Option<String>,
    /// Its page in the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its status.
    pub status: ItemStatus,
    /// The platform's own counter; a lower one never wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: ItemKey,
    /// What the platform last said of it.
    pub body: ItemBody,
    /// Raised by each PUT that changes anything, and by a DELETE.
    pub revision: i64,
    /// Whether the platform removed it.
    pub deleted: bool,
}
