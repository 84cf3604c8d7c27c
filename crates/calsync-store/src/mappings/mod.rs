//! Mappings of item and integration. A mapping is due while `desired_revision` and `synced_revision`
//! differ; a pass stores the desired revision that it read, so a change meanwhile stays due.

mod due;
mod mark_due;
mod removal;
mod status;
mod unreadable;

pub use due::{Due, DueMapping, End, Intent, due, finish, next_due, record_intents};
pub use mark_due::{DueChange, mark_all_due, mark_due, retry_now, schedule};
pub(crate) use removal::lost_sight;
pub use removal::{RemoteItem, at_google, calendars, count_at_google, count_in_calendar, mark_deleted};
pub use status::{MappingStatus, of_item};
pub use unreadable::{UnreadablePair, park_unreadable};

const TABLE: &str = "sync_mappings";

/// The state of a mapping whose item the platform removed: what was there is to go, and a removal by
/// the user is forgotten.
macro_rules! after_reset {
    ($event_state:literal) => {
        concat!(
            "CASE ",
            $event_state,
            " WHEN 'deleted_by_user' THEN 'deleted' WHEN 'present' THEN 'deleting'
                 WHEN 'unconfirmed' THEN 'deleting' ELSE ",
            $event_state,
            " END"
        )
    };
}
use after_reset;

/// Whether a mapping may have an event at Google.
macro_rules! may_be_there {
    () => {
        "event_state IN ('unconfirmed', 'present', 'deleting')"
    };
}

/// The state in which a user sees an item: `u` is the user's row, `g` their integration, `m` the mapping.
macro_rules! shown_state {
    () => {
        "CASE WHEN m.integration_id IS NULL THEN 'not_connected'
              WHEN m.desired_revision <> m.synced_revision THEN 'waiting' ELSE m.sync_state END"
    };
}

/// The integration and the mapping of each row of `item_users u`, where there are any.
macro_rules! with_mappings {
    () => {
        "LEFT JOIN user_integrations g ON g.user_id = u.user_id AND g.provider = 'google'
             AND g.state <> 'disconnected'
         LEFT JOIN sync_mappings m ON m.integration_id = g.id AND m.kind = u.kind AND m.item_id = u.item_id"
    };
}
pub(crate) use {may_be_there, shown_state, with_mappings};

fn parse<T: serde::de::DeserializeOwned>(text: Option<&str>) -> std::result::Result<Option<T>, ()> {
    text.map(|text| serde_json::from_str(text).map_err(|_| ())).transpose()
}
