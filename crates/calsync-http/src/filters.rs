//! What the admins' lists are asked for by: the same in the API and in the console, so that a cursor
//! and an address mean the same in both.

use calsync_core::integration::IntegrationState;
use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::admins::Role;
use calsync_store::{sync_errors, user_search};

use crate::input::Query;

/// A user's tries to connect that are shown.
pub const CONNECT_ATTEMPTS_MAX: i64 = 200;
/// What the cursors of the audit are of.
pub const AUDIT: &str = "audit";
/// What the cursors of sync errors are of.
pub const SYNC_ERRORS: &str = "sync errors";
/// What the cursors of users are of.
pub const USERS: &str = "admin users";

/// Which users a query asks for, as far as a role may.
pub fn users(query: &mut Query, role: Role) -> user_search::Filter {
    user_search::Filter {
        text: query.take("q").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        finds_part_of_email: role >= Role::Support,
        state: query.take_as("state", "must be a connection's state or not_connected", |name| match name {
            "not_connected" | "disconnected" => Some(user_search::Wanted::NotConnected),
            name => IntegrationState::from_name(name).map(user_search::Wanted::In),
        }),
        reason: query.take_as("reason", "must be a reason", Reason::from_name),
    }
}

/// Which sync errors a query asks for.
pub fn sync_errors(query: &mut Query) -> sync_errors::Filter {
    sync_errors::Filter {
        user_id: query.take("user_id"),
        group_id: query.take("group"),
        reason: query.take_as("reason", "must be a reason", Reason::from_name),
        kind: query.take_as("kind", "must be session, task or deadline", ItemKind::from_name),
        operation: query.take_as("operation", "must be an operation", Operation::from_name),
        outcome: query.take_as("outcome", "must be an outcome", Outcome::from_name),
        since: query.time("since"),
        until: query.time("until"),
        text: query.take("q"),
    }
}
