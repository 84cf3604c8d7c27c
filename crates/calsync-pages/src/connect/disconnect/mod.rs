//! `/connect/disconnect`: what a disconnect would do, the action, and its receipts in plain words.

pub(crate) mod get;
mod messages;
pub(crate) mod post;
mod receipts;
