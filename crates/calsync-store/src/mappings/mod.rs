//! Mappings of item and integration. A mapping is due while its `sync_state` is `waiting`: what makes it so raises one
//! of its [`Revisions`], and a pass stores those that it read, so a change meanwhile stays due. What Google showed of
//! its event is in a table of its own.

mod due;
mod mark_due;
mod removal;
mod status;
mod stored;
mod unreadable;

pub use due::{Due, DueMapping, End, Revisions, UnreadableMapping, due, finish, next_due, record_intents};
pub use mark_due::{DueChange, mark_all_due, mark_due, retry_now, schedule};
pub(crate) use removal::lost_sight;
pub use removal::{RemoteItem, at_google, count_at_google, count_in_calendar, mark_deleted};
pub use status::{MappingStatus, of_item};
pub use unreadable::park_unreadable;

const TABLE: &str = "sync_mappings";

/// The state of a mapping whose item the platform removed: what was there is to go, and a removal by
/// the user is forgotten.
macro_rules! after_reset {
    ($event_state:literal) => {
        concat!(
            "CASE ",
            $event_state,
            " WHEN 'deleted_by_user' THEN 'deleted' WHEN 'unconfirmed' THEN 'deleting'
                 WHEN 'present' THEN 'deleting' WHEN 'unreachable' THEN 'deleting' ELSE ",
            $event_state,
            " END"
        )
    };
}
use after_reset;

/// That a mapping waits, and since when: one that waited already goes on to.
macro_rules! waiting_since {
    ($now:literal) => {
        concat!(
            "sync_state = 'waiting', updated_at = CASE WHEN sync_mappings.sync_state = 'waiting'
                 THEN sync_mappings.updated_at ELSE ",
            $now,
            " END"
        )
    };
}
use waiting_since;
