//! A delivery to the webhook as it is shown. What was sent is not: a change stands in the feed, and
//! links are told to nobody twice.

use calsync_core::item::ItemKind;
use calsync_engine::webhooks::{Delivery, DeliveryState};
use jiff::Timestamp;
use serde::Serialize;

/// A delivery.
#[derive(Serialize)]
pub struct WebhookDeliveryView {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    at: Timestamp,
    user_id: Option<String>,
    kind: Option<ItemKind>,
    item_id: Option<String>,
    state: DeliveryState,
    attempts: i64,
    attempted_at: Option<Timestamp>,
    next_attempt_at: Option<Timestamp>,
    http_status: Option<u16>,
    error: Option<String>,
}

impl From<Delivery> for WebhookDeliveryView {
    fn from(delivery: Delivery) -> Self {
        let (kind, item_id) = delivery.item.map_or((None, None), |item| (Some(item.kind), Some(item.id)));
        Self {
            id: delivery.id,
            event_type: delivery.event_type,
            at: delivery.at,
            user_id: delivery.user_id,
            kind,
            item_id,
            state: delivery.state,
            attempts: delivery.attempts,
            attempted_at: delivery.attempted_at,
            next_attempt_at: (delivery.state == DeliveryState::Waiting).then_some(delivery.due_at),
            http_status: delivery.http_status,
            error: delivery.error,
        }
    }
}
