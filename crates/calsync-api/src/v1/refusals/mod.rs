//! `/api/v1/refusals`: upserts that were refused, so that a missing item can be explained.

pub(crate) mod list;
pub(crate) mod record;
