//! How a user consents at Google: a link, Google's page, the way back; for a connection, whose calendar they then
//! choose, and for a clean-up ([`clean_up`]).
//!
//! A link is used up when its form is sent, not by looking. `state` is bound to the browser, good
//! once and for a short time. Every try is a row with its outcome.

mod begin;
mod choices;
pub mod clean_up;
mod finish;
mod link;
mod round_trip;
mod writable_calendars;

pub use begin::{ConsentStart, RestartRequest, begin, restart};
pub use finish::{CallbackResult, finish};
pub(crate) use link::link_of_change;
pub use link::{
    LINK_LIFETIME_DEFAULT, LINK_LIFETIME_MAX, NewLink, create_link, create_reconnect_link, use_link,
};
pub use round_trip::Callback;
pub use writable_calendars::writable_calendars;

pub use calsync_google::{CalendarEntry, scopes};
