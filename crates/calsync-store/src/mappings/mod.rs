//! Pairs of item and integration. A pair is due while `wanted_revision` and `settled_revision`
//! differ; a pass stores the wanted revision that it read, so a change meanwhile stays due.

mod due;
mod removal;
mod shown;
mod touch;

pub use due::{DuePair, End, Intent, due, finish, intend, next_due};
pub use removal::{RemoteItem, at_google, calendars, count_at_google, count_in_calendar, removed_by_us};
pub use shown::{ShownPair, of_item};
pub use touch::{Touched, hurry, touch, touch_all, wake};

const TABLE: &str = "sync_mappings";

/// The phase of a pair whose item the platform removed: what was there is to go, and a removal by
/// the user is forgotten.
macro_rules! ended {
    ($phase:literal) => {
        concat!(
            "CASE ",
            $phase,
            " WHEN 'removed_by_user' THEN 'removed_by_us' WHEN 'there' THEN 'removing'
                 WHEN 'told' THEN 'removing' ELSE ",
            $phase,
            " END"
        )
    };
}
use ended;

fn parse<T: serde::de::DeserializeOwned>(text: Option<&str>) -> std::result::Result<Option<T>, ()> {
    text.map(|text| serde_json::from_str(text).map_err(|_| ())).transpose()
}
