//! `/api/v1/admin/users`.

pub(crate) mod integrations;
