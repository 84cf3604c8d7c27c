//! Where the deliveries go: nothing but which address it is, and whether it said that it is gone.

use jiff::Timestamp;

use crate::consent::hash;
use crate::db::{execute, fetch_optional};
use crate::time::{micros, time};
use crate::{Result, Tx};

/// The webhook's endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Since when nothing is sent to it.
    pub disabled_at: Option<Timestamp>,
}

/// Makes `url` the endpoint. Another one than before is enabled; the same stays as it is.
pub async fn set_up(tx: &mut Tx, url: &str, now: Timestamp) -> Result<()> {
    let is_new = execute!(
        tx,
        "INSERT INTO webhook_endpoint (id, url_hash) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET url_hash = excluded.url_hash
         WHERE webhook_endpoint.url_hash <> excluded.url_hash",
        hash(url),
    )?;
    if is_new == 1 {
        enable(tx, now).await?;
    }
    Ok(())
}

/// The endpoint, if one was ever set up.
pub async fn endpoint(tx: &mut Tx) -> Result<Option<Endpoint>> {
    let row = fetch_optional!(tx, (Option<i64>,), "SELECT disabled_at FROM webhook_endpoint WHERE id = 1")?;
    Ok(row.map(|(disabled_at,)| Endpoint { disabled_at: disabled_at.map(time) }))
}

/// Sends nothing any more; false: it was so before.
pub async fn disable(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let disabled = execute!(
        tx,
        "UPDATE webhook_endpoint SET disabled_at = $1 WHERE id = 1 AND disabled_at IS NULL",
        micros(now),
    )?;
    Ok(disabled == 1)
}

/// The endpoint answers: whatever waits is sent now, as if it had never been tried. False: nothing was
/// held back before.
pub async fn enable(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let enabled = execute!(
        tx,
        "UPDATE webhook_endpoint SET disabled_at = NULL WHERE id = 1 AND disabled_at IS NOT NULL",
    )?;
    execute!(
        tx,
        "UPDATE webhook_deliveries SET due_at = $1, failures = 0, failing_since = NULL
         WHERE state = 'waiting' AND lease_until = 0 AND (due_at > $1 OR failures > 0)",
        micros(now),
    )?;
    Ok(enabled == 1)
}
