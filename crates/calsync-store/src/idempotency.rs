//! Idempotency keys: a POST that comes again within 24 hours gets its first answer again. Answers
//! are kept sealed, since they may hold a connect link.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::db::{execute, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::rows::row;
use crate::secrets::SecretAad;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx};

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is new, and now ours.
    New,
    /// The same request is under way.
    Running,
    /// The same request was answered so.
    Answered {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Another request used the key.
    OtherRequest,
}

row! {
    struct Row {
        request_hash: String,
        status: Option<i64>,
        body: Option<Vec<u8>>,
    }
}

/// A request that has no answer after this long died with its process; its key is free again.
const RUNS_AT_MOST: SignedDuration = SignedDuration::from_mins(10);

fn aad<'a>(api_key_id: &'a str, key: &'a str) -> SecretAad<'a> {
    SecretAad { table: "idempotency_keys", column: "body", row: key, user_id: api_key_id }
}

/// Claims `key` of an API key for the request with `request_hash`. If it was made before `expired`, it is a
/// new one.
pub async fn claim(
    store: &Store,
    tx: &mut Tx,
    api_key_id: &str,
    key: &str,
    request_hash: &str,
    expired: Timestamp,
    now: Timestamp,
) -> Result<KeyState> {
    execute!(
        tx,
        "DELETE FROM idempotency_keys WHERE api_key_id = $1 AND idempotency_key = $2
             AND (created_at < $3 OR (status IS NULL AND created_at < $4))",
        api_key_id,
        key,
        micros(expired),
        micros(now.saturating_sub(RUNS_AT_MOST).unwrap_or(now)),
    )?;
    let claimed = execute!(
        tx,
        "INSERT INTO idempotency_keys (api_key_id, idempotency_key, request_hash, created_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (api_key_id, idempotency_key) DO NOTHING",
        api_key_id,
        key,
        request_hash,
        micros(now),
    )?;
    if claimed == 1 {
        return Ok(KeyState::New);
    }
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT request_hash, status, body FROM idempotency_keys WHERE api_key_id = $1 AND idempotency_key = $2",
        api_key_id,
        key,
    )?;
    Ok(match row {
        None => KeyState::Running,
        Some(row) if row.request_hash != request_hash => KeyState::OtherRequest,
        Some(Row { status: Some(status), body: Some(sealed), .. }) => {
            let body = store.keyring().open(aad(api_key_id, key), &sealed);
            let body = body.map_err(|_| StoreError::corrupt("idempotency_keys", "body", key))?;
            let status = u16::try_from(status).unwrap_or_default();
            KeyState::Answered { status, body: body.expose_secret().to_owned() }
        }
        Some(_) => KeyState::Running,
    })
}

/// Keeps the answer to the request that holds `key`.
pub async fn answer(
    store: &Store,
    tx: &mut Tx,
    api_key_id: &str,
    key: &str,
    status: u16,
    body: &str,
) -> Result<()> {
    let sealed = store.keyring().seal(aad(api_key_id, key), &SecretString::from(body), store.entropy());
    let sealed = sealed.ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))?;
    execute!(
        tx,
        "UPDATE idempotency_keys SET status = $3, body = $4 WHERE api_key_id = $1 AND idempotency_key = $2",
        api_key_id,
        key,
        i64::from(status),
        sealed,
    )?;
    Ok(())
}

/// Lets `key` go, after a request that did nothing.
pub async fn forget(tx: &mut Tx, api_key_id: &str, key: &str) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM idempotency_keys WHERE api_key_id = $1 AND idempotency_key = $2",
        api_key_id,
        key,
    )?;
    Ok(())
}

/// Forgets keys that were made before `oldest`, with their answers; at most `limit`.
pub async fn forget_answers(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM idempotency_keys WHERE (api_key_id, idempotency_key) IN
             (SELECT api_key_id, idempotency_key FROM idempotency_keys WHERE created_at < $1
              ORDER BY created_at LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}
