//! `/connect/settings`: a user's connection in plain words, what they may change of it, and the way
//! to end it.

pub(crate) mod get;
mod messages;
pub(crate) mod post;
pub(super) mod status;
pub(crate) mod sync_now;
