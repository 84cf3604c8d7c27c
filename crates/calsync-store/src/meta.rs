//! Facts about the installation itself, such as its id.

use crate::db::{execute, fetch_optional};
use crate::{Result, StoreError, Tx};

/// The value of `key`, if it was set.
pub(crate) async fn find(tx: &mut Tx, key: &str) -> Result<Option<String>> {
    let row = fetch_optional!(tx, (String,), "SELECT value FROM meta WHERE key = $1", key)?;
    Ok(row.map(|(value,)| value))
}

/// Sets `key`.
pub(crate) async fn set(tx: &mut Tx, key: &str, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    execute!(tx, SQL, key, value)?;
    Ok(())
}

/// Holds the row of `key` until the transaction ends, so that one transaction at a time does what it stands for.
pub(crate) async fn lock(tx: &mut Tx, key: &str) -> Result<()> {
    const SQL: &str =
        "INSERT INTO meta (key, value) VALUES ($1, '') ON CONFLICT (key) DO UPDATE SET value = meta.value";
    execute!(tx, SQL, key)?;
    Ok(())
}

/// The value of `key`; `value` if there was none.
pub async fn get_or_set(tx: &mut Tx, key: &str, value: &str) -> Result<String> {
    execute!(tx, "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, value)?;
    find(tx, key).await?.ok_or_else(|| StoreError::corrupt("meta", "value", key))
}
