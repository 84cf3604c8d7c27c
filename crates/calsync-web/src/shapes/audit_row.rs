//! A deed of an admin as it is shown.

use calsync_store::audit::AuditRow;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A deed.
#[derive(Serialize)]
pub(crate) struct AuditRowShape {
    id: String,
    created_at: Timestamp,
    admin_id: String,
    action: String,
    target_id: String,
    note: Option<String>,
    metadata: Value,
}

impl From<AuditRow> for AuditRowShape {
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
