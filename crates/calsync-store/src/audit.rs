//! What admins did: `admin_audit_logs`. A row is written in the transaction of the action, so that
//! neither is there without the other.

use calsync_core::ids::is_id;
use jiff::Timestamp;
use serde_json::Value;

use crate::db::execute;
use crate::query_builder::{FilteredQuery, fetch_filtered};
use crate::rows::{or_else, row};
use crate::text::sanitize;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// One action of an admin.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Our id of it.
    pub id: String,
    /// The admin's id, or the name of an API key.
    pub admin_id: String,
    /// What, as in `integration.disconnect`.
    pub action: String,
    /// Whom or what it concerned.
    pub target_id: String,
    /// Why, in the admin's words.
    pub note: Option<String>,
    /// The details; never a secret.
    pub metadata: Value,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Stores a action.
pub async fn record(tx: &mut Tx, row: &AuditRow) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO admin_audit_logs (id, admin_id, action, target_id, note, metadata, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &row.id,
        &row.admin_id,
        &row.action,
        &row.target_id,
        row.note.as_ref().map(|note| sanitize(note).collect::<String>()),
        row.metadata.to_string(),
        micros(row.created_at),
    )?;
    Ok(())
}

row! {
    struct Row {
        id: String,
        admin_id: String,
        action: String,
        target_id: String,
        note: Option<String>,
        metadata: String,
        created_at: i64,
    }
}

impl Row {
    fn read(self) -> AuditRow {
        let corrupt = StoreError::corrupt("admin_audit_logs", "metadata", &self.id);
        AuditRow {
            metadata: or_else(serde_json::from_str(&self.metadata).ok(), corrupt, Value::Null),
            created_at: time(self.created_at),
            id: self.id,
            admin_id: self.admin_id,
            action: self.action,
            target_id: self.target_id,
            note: self.note,
        }
    }
}

/// Deeds, newest first, before the one with id `before`; to one target, if it is given.
pub async fn list(
    tx: &mut Tx,
    target_id: Option<&str>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<AuditRow>> {
    let mut sql = FilteredQuery::new(
        "SELECT id, admin_id, action, target_id, note, metadata, created_at FROM admin_audit_logs WHERE TRUE",
    );
    sql.text(" AND target_id = ?", target_id);
    sql.text(" AND id < ?", before.filter(|id| is_id(id)));
    sql.number(" ORDER BY id DESC LIMIT ?", Some(limit));
    Ok(fetch_filtered!(tx, Row, sql)?.into_iter().map(Row::read).collect())
}
