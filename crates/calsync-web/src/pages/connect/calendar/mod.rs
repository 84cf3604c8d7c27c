//! `/connect/calendar`: the choice among the user's own calendars, for the browser that connected.

pub(crate) mod get;
pub(crate) mod post;
