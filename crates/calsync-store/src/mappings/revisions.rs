//! What a mapping has to answer, counted: the platform's wishes, what was seen at Google, and rules.

use crate::rows::row;

row! {
    /// A mapping's counters, and of each the value for which nothing was left to do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Revisions {
        /// Raised by what the platform wants.
        pub desired_revision: i64,
        /// Raised by what is seen at Google.
        pub remote_revision: i64,
        /// Raised by rules and choices.
        pub policy_revision: i64,
        synced_desired_revision: i64,
        synced_policy_revision: i64,
    }
}

impl Revisions {
    /// Whether something else may have been wanted between what was last synced and now, by a wish or by a rule: a
    /// user's time zone counts as much as a title. What was stopped, or left with a connection, was not synced.
    pub const fn has_skipped(&self) -> bool {
        let wishes = self.desired_revision - self.synced_desired_revision;
        let rules = self.policy_revision - self.synced_policy_revision;
        wishes + rules > 1
    }
}

/// Whether the mapping still has the counters of `v` that a pass read.
macro_rules! is_unchanged {
    () => {
        "(sync_mappings.desired_revision, sync_mappings.remote_revision, sync_mappings.policy_revision)
             = (v.desired_revision, v.remote_revision, v.policy_revision)"
    };
}
pub(super) use is_unchanged;
