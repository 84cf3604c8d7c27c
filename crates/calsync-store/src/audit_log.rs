//! The audit as admins read it: the deeds of all, newest first, by keyset.

use calsync_core::ids::is_id;

use crate::audit::{AuditRow, Row};
use crate::filtered::{Filtered, fetch_filtered};
use crate::{Result, Tx};

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
