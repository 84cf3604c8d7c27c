//! `/api/v1/admin`.

pub(crate) mod users;
