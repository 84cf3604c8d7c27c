//! Facts about the installation itself, such as its id.

use crate::db::{execute, fetch_optional};
use crate::{Result, StoreError, Tx};

/// The value of `key`; `value` if there was none.
pub async fn get_or_set(tx: &mut Tx, key: &str, value: &str) -> Result<String> {
    execute!(tx, "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, value)?;
    let row = fetch_optional!(tx, (String,), "SELECT value FROM meta WHERE key = $1", key)?;
    row.map(|(value,)| value).ok_or_else(|| StoreError::corrupt("meta", "value", key))
}
