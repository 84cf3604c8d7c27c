//! The audit as admins read it: the deeds of all, newest first, by keyset.

use calsync_core::ids::is_id;
use sqlx::FromRow;

use crate::audit::AuditRow;
use crate::filtered::{Filtered, fetch_filtered};
use crate::time::time;
use crate::{Result, StoreError, Tx};

#[derive(FromRow)]
struct Row {
    id: String,
    admin_id: String,
    action: String,
    target_id: String,
    note: Option<String>,
    metadata: String,
    created_at: i64,
}

impl Row {
    fn read(self) -> Result<AuditRow> {
        let metadata = serde_json::from_str(&self.metadata)
            .map_err(|_| StoreError::corrupt("admin_audit_logs", "metadata", &self.id))?;
        Ok(AuditRow {
            metadata,
            created_at: time(self.created_at),
            id: self.id,
            admin_id: self.admin_id,
            action: self.action,
            target_id: self.target_id,
            note: self.note,
        })
    }
}

/// Deeds before the one with id `before`; to one target, if it is given.
pub async fn list(
    tx: &mut Tx,
    target_id: Option<&str>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<AuditRow>> {
    let mut sql = Filtered::new(
        "SELECT id, admin_id, action, target_id, note, metadata, created_at FROM admin_audit_logs WHERE TRUE",
    );
    sql.text(" AND target_id = ?", target_id);
    sql.text(" AND id < ?", before.filter(|id| is_id(id)));
    sql.number(" ORDER BY id DESC LIMIT ?", Some(limit));
    fetch_filtered!(tx, Row, sql)?.into_iter().map(Row::read).collect()
}
