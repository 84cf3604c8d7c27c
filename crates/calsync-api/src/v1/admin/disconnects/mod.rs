//! `/api/v1/admin/disconnects`.

pub(crate) mod get;
