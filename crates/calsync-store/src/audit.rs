//! What admins did: `admin_audit_logs`. A row is written in the transaction of the deed, so that
//! neither is there without the other.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::FromRow;

use crate::db::{execute, fetch_all};
use crate::text::storable;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// One deed of an admin.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Our id of it.
    pub id: String,
    /// Who.
    pub admin_id: String,
    /// What, as in `integration.disconnect`.
    pub action: String,
    /// Whom or what it concerned.
    pub target_id: String,
    /// Why, in the admin's words.
    pub note: Option<String>,
    /// The details; never a secret.
    pub metadata: Value,
    /// When.
    pub created_at: Timestamp,
}

/// Stores a deed.
pub async fn record(tx: &mut Tx, row: &AuditRow) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO admin_audit_logs (id, admin_id, action, target_id, note, metadata, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &row.id,
        &row.admin_id,
        &row.action,
        &row.target_id,
        row.note.as_ref().map(|note| storable(note).collect::<String>()),
        row.metadata.to_string(),
        micros(row.created_at),
    )?;
    Ok(())
}

#[derive(FromRow)]
pub(crate) struct Row {
    id: String,
    admin_id: String,
    action: String,
    target_id: String,
    note: Option<String>,
    metadata: String,
    created_at: i64,
}

impl Row {
    pub(crate) fn read(self) -> Result<AuditRow> {
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

/// What was done to `target_id`, newest first.
pub async fn of_target(tx: &mut Tx, target_id: &str, limit: i64) -> Result<Vec<AuditRow>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, admin_id, action, target_id, note, metadata, created_at FROM admin_audit_logs
         WHERE target_id = $1 ORDER BY id DESC LIMIT $2",
        target_id,
        limit,
    )?;
    rows.into_iter().map(Row::read).collect()
}
