//! The platform's webhook: what it is to be sent, in which order, and how far that is.
//!
//! A delivery is written in the transaction of what it tells of, so that none is told of that did
//! not happen and none is forgotten that did. Those of a stream (an item, or a connection) are sent
//! one after the other; a worker claims the first of a stream ([`crate::leases::deliveries`]).
//! Nothing here sends or signs, and no address and no secret is kept.

mod endpoint;
mod enqueue;
mod list;
mod result;

use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::webhook::DeliveryState;
use jiff::Timestamp;
use serde_json::Value;

use crate::StoreError;
use crate::rows::{or_else, row};
use crate::time::time;

pub use endpoint::{Endpoint, disable, enable, endpoint, set_up};
pub use enqueue::{NewDelivery, begin_test, enqueue};
pub use list::{forget, get, page, replay};
pub use result::{Attempt, DeliveryResult, record_result};

const TABLE: &str = "webhook_deliveries";

/// A delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id, by which the platform knows it again; that of its change, if it tells of one.
    pub id: String,
    /// When what it tells of happened.
    pub at: Timestamp,
    /// Its type, such as `item.completed`.
    pub event_type: String,
    /// Whom it concerns, if anybody.
    pub user_id: Option<String>,
    /// Which item, if any.
    pub item: Option<ItemKey>,
    /// What it tells; none: the change of the same id.
    pub data: Option<Value>,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is tried, while it waits.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Failures in a row.
    pub failures: i64,
    /// The first of them.
    pub failing_since: Option<Timestamp>,
    /// The last try that ended.
    pub attempted_at: Option<Timestamp>,
    /// The status that the platform answered then.
    pub http_status: Option<u16>,
    /// Why it was not taken then.
    pub error: Option<String>,
}

/// The columns of a [`Row`], of a delivery `d` and its change `c`, if it has one.
macro_rules! columns {
    () => {
        "d.id, d.at, d.type AS event_type, d.user_id, c.kind, c.item_id, d.data, d.state, d.due_at, d.attempts,
         d.failures, d.failing_since, d.attempted_at, d.http_status, d.error"
    };
}
use columns;

row! {
    struct Row {
        id: String,
        at: i64,
        event_type: String,
        user_id: Option<String>,
        kind: Option<String>,
        item_id: Option<String>,
        data: Option<String>,
        state: String,
        due_at: i64,
        attempts: i64,
        failures: i64,
        failing_since: Option<i64>,
        attempted_at: Option<i64>,
        http_status: Option<i64>,
        error: Option<String>,
    }
}

/// What can't be read is left out: a delivery that has nothing to tell is given up when its turn comes.
fn read(row: Row) -> Delivery {
    let corrupt = |column| StoreError::corrupt(TABLE, column, row.id.clone());
    let kind = row.kind.as_deref().and_then(ItemKind::from_name);
    let data = |data| or_else(serde_json::from_str(data).ok().map(Some), corrupt("data"), None);
    Delivery {
        at: time(row.at),
        item: kind.zip(row.item_id).map(|(kind, id)| ItemKey { kind, id }),
        data: row.data.as_deref().and_then(data),
        state: or_else(DeliveryState::from_name(&row.state), corrupt("state"), DeliveryState::Failed),
        due_at: time(row.due_at),
        attempts: row.attempts,
        failures: row.failures,
        failing_since: row.failing_since.map(time),
        attempted_at: row.attempted_at.map(time),
        http_status: row.http_status.and_then(|status| u16::try_from(status).ok()),
        error: row.error,
        id: row.id,
        event_type: row.event_type,
        user_id: row.user_id,
    }
}
