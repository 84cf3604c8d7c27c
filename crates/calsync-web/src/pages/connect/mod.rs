//! `/connect/…`.

pub(crate) mod calendar;
pub(crate) mod done;
pub(crate) mod get;
pub(crate) mod post;
