//! `/api/v1`: the platform API, and the admin API under `admin`.

pub(crate) mod admin;
pub(crate) mod changes;
pub(crate) mod items;
pub(crate) mod refusals;
pub(crate) mod users;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhooks;
