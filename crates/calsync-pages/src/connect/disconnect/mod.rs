//! `/connect/disconnect`: what a disconnect would do, the action, and its receipts in plain words.

pub(crate) mod get;
pub(crate) mod post;
mod receipts;
