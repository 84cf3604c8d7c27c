//! `/api/v1/users/{user_id}`.

pub(crate) mod clean_up_link;
pub(crate) mod connect_link;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod integrations;
pub(crate) mod put;
