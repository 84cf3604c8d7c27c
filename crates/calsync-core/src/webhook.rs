//! What the platform's webhook is sent beside the changes, what keeps its order, and where a delivery
//! stands. Types of changes are made by [`crate::change::Change::webhook_type`].

use crate::item::ItemKey;
use crate::text_enum::text_enum;

/// A disconnect came to its end, or a clean-up carried it to a better one.
pub const DISCONNECT_FINISHED: &str = "disconnect.finished";
/// Somebody tries the webhook.
pub const TEST: &str = "webhook.test";

text_enum! {
    /// Where a delivery stands.
    DeliveryState {
        /// It was not taken yet, and is or will be tried.
        Waiting => "waiting",
        /// The platform took it.
        Delivered => "delivered",
        /// It was tried for long and is not tried any more.
        Failed => "failed",
    }
}

/// What is told of an item keeps its order.
pub fn stream_of_item(item: &ItemKey) -> String {
    format!("item {}/{}", item.kind.name(), item.id)
}

/// What is told of a user's connection keeps its order.
pub fn stream_of_connection(user_id: &str, provider: &str) -> String {
    format!("connection {provider}/{user_id}")
}
