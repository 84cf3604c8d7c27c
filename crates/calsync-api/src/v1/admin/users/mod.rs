//! `/api/v1/admin/users`.

pub(crate) mod connect_attempts;
pub(crate) mod disconnect;
pub(crate) mod integrations;
pub(crate) mod list;
pub(crate) mod reconnect_link;
