//! `/api/v1/webhook-deliveries`: what the webhook was sent, or is to be.

pub(crate) mod list;
pub(crate) mod replay;
