//! A refused upsert as it is shown.

use calsync_core::item::FieldError;
use calsync_store::refusals::Refusal;
use jiff::Timestamp;
use serde::Serialize;

/// A refusal; the ids are as they were sent.
#[derive(Serialize)]
pub struct RefusalView {
    id: String,
    at: Timestamp,
    key_name: String,
    kind: Option<String>,
    item_id: Option<String>,
    user_id: Option<String>,
    status: u16,
    errors: Vec<FieldError>,
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        Self {
            id: refusal.id,
            at: refusal.at,
            key_name: refusal.key_name,
            kind: refusal.kind,
            item_id: refusal.item_id,
            user_id: refusal.user_id,
            status: refusal.status,
            errors: refusal.errors,
        }
    }
}
