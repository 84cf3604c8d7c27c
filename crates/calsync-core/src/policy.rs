//! What a deployment and a user chose: which kinds sync, and as what.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::item::ItemKind;

/// As what a task appears in Google.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskAs {
    /// A calendar event.
    #[default]
    Event,
    /// A Google Task.
    GoogleTask,
}

/// How a deadline is announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineAs {
    /// An all-day event on the day before.
    #[default]
    DayBeforeEvent,
    /// An all-day event on the day, with a popup 900 minutes before it.
    SameDayReminder,
}

/// The rules under which one integration syncs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// As what tasks appear.
    pub task_as: TaskAs,
    /// How deadlines are announced.
    pub deadline_as: DeadlineAs,
    /// Kinds that the user turned off.
    pub disabled_kinds: BTreeSet<ItemKind>,
    /// Items that ended more days ago than this are not sent.
    pub past_days: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            task_as: TaskAs::Event,
            deadline_as: DeadlineAs::DayBeforeEvent,
            disabled_kinds: BTreeSet::new(),
            past_days: 30,
        }
    }
}
