//! Seals every secret anew with the current key, batch by batch, while others read and write.
//!
//! A value is replaced only where it is still the one that was opened, so that a token that was
//! refreshed meanwhile stays. Nothing is remembered between batches: what is sealed with the
//! current key is passed over, so that a rotation that was stopped goes on by starting again.

use crate::db::{execute, fetch_all};
use crate::key_check;
use crate::secrets::{SecretAad, Unreadable};
use crate::{Result, Store, StoreError, transaction};

/// Answers a batch: each may be as long as 10,000 refusals.
const ANSWERS_MAX: i64 = 4;

/// A column that holds sealed values, with what reads a page of it and what replaces one value.
struct Column {
    table: &'static str,
    column: &'static str,
    page: &'static str,
    replace: &'static str,
    rows_max: i64,
}

/// `$1` is the row and `$2` whose it is, as in the value's slot; pages follow the primary key.
macro_rules! column {
    ($table:literal, $column:literal, $row:literal, $owner:literal, $key:literal > $after:literal, $most:expr) => {
        Column {
            table: $table,
            column: $column,
            page: concat!(
                "SELECT ",
                $row,
                ", ",
                $owner,
                ", ",
                $column,
                " FROM ",
                $table,
                " WHERE (",
                $key,
                ") > (",
                $after,
                ") AND ",
                $column,
                " IS NOT NULL ORDER BY ",
                $key,
                " LIMIT $3"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $4 WHERE ",
                $row,
                " = $1 AND ",
                $owner,
                " = $2 AND ",
                $column,
                " = $3"
            ),
            rows_max: $most,
        }
    };
}

/// Every column with sealed values; a test compares it with the schema.
const COLUMNS: [Column; 8] = [
    column!("user_integrations", "access_token", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("user_integrations", "refresh_token", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("connect_attempts", "verifier", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("clean_ups", "verifier", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("clean_ups", "access_token", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("clean_ups", "refresh_token", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!("changes", "link_token", "id", "user_id", "id, user_id" > "$1, $2", i64::MAX),
    column!(
        "idempotency_keys",
        "body",
        "idempotency_key",
        "api_key_id",
        "api_key_id, idempotency_key" > "$2, $1",
        ANSWERS_MAX
    ),
];

/// The columns that hold sealed values, as `table.column`.
pub fn columns() -> impl Iterator<Item = String> {
    COLUMNS.iter().map(|column| format!("{}.{}", column.table, column.column))
}

/// How far a pass through all secrets is. The default is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    column: usize,
    after_row: String,
    after_owner: String,
}

/// Where a sealed value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretLocation {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub id: String,
}

/// What one batch did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Values that are sealed with the current key now.
    pub resealed: u64,
    /// Values that were so before.
    pub newest: u64,
    /// Values that somebody changed meanwhile; they were left.
    pub changed: u64,
    /// Values that don't open; they were left.
    pub unreadable: Vec<SecretLocation>,
    /// Where the next batch begins; none: the pass is at its end.
    pub next: Option<Position>,
}

/// Seals at most `limit` values anew, from `position` on, in a transaction of its own.
pub async fn batch(store: &Store, position: &Position, limit: i64) -> Result<Batch> {
    let Some(column) = COLUMNS.get(position.column) else { return Ok(Batch::default()) };
    let mut tx = store.read().await?;
    let limit = limit.min(column.rows_max);
    let Position { after_row, after_owner, .. } = position;
    let rows = fetch_all!(&mut tx, (String, String, Vec<u8>), column.page, after_row, after_owner, limit)?;
    drop(tx);
    let mut batch = Batch { next: next(position, &rows, limit), ..Batch::default() };
    let mut replacements = Vec::new();
    for (row, owner, old) in rows {
        let aad = SecretAad { table: column.table, column: column.column, row: &row, user_id: &owner };
        match store.keyring().reseal(aad, &old, store.entropy()) {
            Ok(None) => batch.newest += 1,
            Ok(Some(new)) => replacements.push(Replacement { row, owner, old, new }),
            Err(Unreadable) => {
                batch.unreadable.push(SecretLocation { table: column.table, column: column.column, id: row });
            }
        }
    }
    if !replacements.is_empty() {
        batch.resealed = write(store, column, &replacements).await?;
        batch.changed = replacements.len() as u64 - batch.resealed;
    }
    Ok(batch)
}

/// Ends a rotation whose last pass found nothing to seal anew: the other keys may be taken away.
pub async fn finish(store: &Store) -> Result<()> {
    let mut tx = store.begin().await?;
    key_check::retire(&mut tx, store.keyring()).await?;
    tx.commit().await
}

struct Replacement {
    row: String,
    owner: String,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn next(position: &Position, rows: &[(String, String, Vec<u8>)], limit: i64) -> Option<Position> {
    match rows.last() {
        Some((row, owner, _)) if rows.len() as u64 >= limit.unsigned_abs() => {
            Some(Position { column: position.column, after_row: row.clone(), after_owner: owner.clone() })
        }
        _ => {
            let column = position.column + 1;
            (column < COLUMNS.len()).then(|| Position { column, ..Position::default() })
        }
    }
}

/// Replaces what is unchanged, all or nothing; how many that were.
async fn write(store: &Store, column: &Column, replacements: &[Replacement]) -> Result<u64> {
    transaction!(StoreError, store, |tx| {
        let mut replaced = 0;
        for Replacement { row, owner, old, new } in replacements {
            replaced += execute!(tx, column.replace, row, owner, old, new)?;
        }
        replaced
    })
}
