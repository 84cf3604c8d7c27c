//! `/api/v1/admin`.

pub(crate) mod audit_log;
pub(crate) mod disconnects;
pub(crate) mod error_groups;
pub(crate) mod items;
pub(crate) mod overview;
pub(crate) mod pauses;
pub(crate) mod sync_errors;
pub(crate) mod users;
