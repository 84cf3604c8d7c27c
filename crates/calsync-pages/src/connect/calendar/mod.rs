//! `/connect/calendar`: the choice among the user's own calendars.

pub(crate) mod get;
mod messages;
pub(crate) mod post;
