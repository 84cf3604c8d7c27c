//! What users made of managed fields in Google where nothing of it is left there, in full. It is stored before the write
//! that it is lost by, for whoever has to find out what became of somebody's words.

use calsync_core::item::ItemKey;
use calsync_core::managed::Field;
use calsync_core::merge::Verdict;
use calsync_core::plan::UserEdit;
use jiff::Timestamp;
use serde_json::Value;

use crate::db::{execute, fetch_all};
use crate::dialect::plan_for_batch;
use crate::rows::{batches, execute_rows, readable, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

const TABLE: &str = "user_edits";

/// Stores edits of an integration's items. One that was stored before is not stored again.
pub async fn record(
    tx: &mut Tx,
    integration_id: &str,
    user_edits: &[(&ItemKey, &UserEdit)],
    now: Timestamp,
) -> Result<()> {
    for batch in batches(user_edits) {
        execute_rows!(
            tx,
            "INSERT INTO user_edits (integration_id, kind, item_id, id, field, before, after, verdict, seen_at, updated_at) ",
            batch,
            |row, (item, user_edit)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(user_edit.id()).push_bind(user_edit.field.name());
                row.push_bind(user_edit.before.as_ref().map(Value::to_string));
                row.push_bind(user_edit.after.to_string()).push_bind(user_edit.verdict.name());
                row.push_bind(micros(now)).push_bind(user_edit.updated_at.map(micros))
            },
            " ON CONFLICT (integration_id, kind, item_id, id) DO NOTHING",
        )?;
    }
    Ok(())
}

/// An edit that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostEdit {
    /// Whose it was.
    pub user_id: String,
    /// The field.
    pub field: Field,
    /// What the field said before; none: it isn't known.
    pub before: Option<Value>,
    /// What the user made of it.
    pub after: Value,
    /// Why nothing of it is left.
    pub verdict: Verdict,
    /// When we saw it.
    pub seen_at: Timestamp,
    /// When its event last changed, by Google's clock.
    pub updated_at: Option<Timestamp>,
}

row! {
    struct Row {
        user_id: String,
        id: String,
        field: String,
        before: Option<String>,
        after: String,
        verdict: String,
        seen_at: i64,
        updated_at: Option<i64>,
    }
}

impl Row {
    fn read(self) -> Result<LostEdit> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, &self.id);
        let before = self.before.as_deref().map(serde_json::from_str).transpose();
        Ok(LostEdit {
            field: Field::from_name(&self.field).ok_or_else(|| corrupt("field"))?,
            before: before.map_err(|_| corrupt("before"))?,
            after: serde_json::from_str(&self.after).map_err(|_| corrupt("after"))?,
            verdict: Verdict::from_name(&self.verdict).ok_or_else(|| corrupt("verdict"))?,
            seen_at: time(self.seen_at),
            updated_at: self.updated_at.map(time),
            user_id: self.user_id,
        })
    }
}

/// The edits of an item that were lost, of all its users, newest first; at most `limit`.
pub async fn of_item(tx: &mut Tx, item: &ItemKey, limit: i64) -> Result<Vec<LostEdit>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT g.user_id, e.id, e.field, e.before, e.after, e.verdict, e.seen_at, e.updated_at
         FROM sync_mappings m JOIN user_integrations g ON g.id = m.integration_id
         JOIN user_edits e ON e.integration_id = m.integration_id AND e.kind = m.kind AND e.item_id = m.item_id
         WHERE m.kind = $1 AND m.item_id = $2 ORDER BY e.seen_at DESC, e.id LIMIT $3",
        item.kind.name(),
        &item.id,
        limit,
    )?;
    readable(rows, Row::read)
}

/// Forgets edits that were seen before `oldest`; at most `limit`.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM user_edits WHERE (integration_id, kind, item_id, id) IN (
             SELECT integration_id, kind, item_id, id FROM user_edits WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}
