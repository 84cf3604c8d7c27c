//! `/api/v1/items`: what the platform wants in calendars.

pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
