//! `/connect/calendar`: the choice among the user's own calendars.

pub(crate) mod get;
pub(crate) mod post;
