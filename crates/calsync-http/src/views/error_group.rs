//! An error group as it is shown.

use calsync_core::reason::{BlastRadius, Reason};
use calsync_store::sync_errors::Group;
use jiff::Timestamp;
use serde::Serialize;

use super::Audience;
use super::next_step::NextStep;

/// A group.
#[derive(Serialize)]
pub struct ErrorGroupView {
    id: String,
    reason: Reason,
    operation: String,
    scope: &'static str,
    state: String,
    first_seen: Timestamp,
    last_seen: Timestamp,
    errors: i64,
    affected_users: i64,
    why: &'static str,
    sentence: &'static str,
    next_step: NextStep,
}

impl From<Group> for ErrorGroupView {
    fn from(group: Group) -> Self {
        let reason = Reason::from_name(&group.reason).unwrap_or(Reason::Unknown);
        let time = |micros| Timestamp::from_microsecond(micros).unwrap_or_default();
        Self {
            id: group.id,
            reason,
            operation: group.operation,
            scope: scope(reason),
            state: group.state,
            first_seen: time(group.first_seen),
            last_seen: time(group.last_seen),
            errors: group.errors,
            affected_users: group.affected_users,
            why: "The widest scope that this reason can have.",
            sentence: reason.info().admin_sentence,
            next_step: NextStep::for_reason(reason, Audience::Admin),
        }
    }
}

/// How far a reason can reach, in the contract's words.
const fn scope(reason: Reason) -> &'static str {
    match reason.info().blast_radius {
        BlastRadius::Item => "item",
        BlastRadius::Calendar => "calendar",
        BlastRadius::User => "user",
        BlastRadius::Domain => "domain",
        BlastRadius::Client => "client",
        BlastRadius::Project => "project",
        BlastRadius::Google => "google",
        BlastRadius::Service => "service",
    }
}
