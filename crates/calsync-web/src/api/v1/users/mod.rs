//! `/api/v1/users/{user_id}`.

pub(crate) mod connect_link;
pub(crate) mod get;
pub(crate) mod integrations;
pub(crate) mod put;
