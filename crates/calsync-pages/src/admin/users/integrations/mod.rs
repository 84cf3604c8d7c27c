//! `/admin/users/{user_id}/integrations/{provider}/…`: what an admin does about a connection.

pub(crate) mod disconnect;
pub(crate) mod reconnect_link;
