//! An admin's action as it is shown.

use calsync_store::audit::AuditRow;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// An action.
#[derive(Serialize)]
pub struct AuditRowView {
    id: String,
    created_at: Timestamp,
    admin_id: String,
    action: String,
    target_id: String,
    note: Option<String>,
    metadata: Value,
}

impl From<AuditRow> for AuditRowView {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            admin_id: row.admin_id,
            action: row.action,
            target_id: row.target_id,
            note: row.note,
            metadata: row.metadata,
        }
    }
}
