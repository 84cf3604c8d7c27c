//! Clean-ups: a user consents once more, so that what a disconnect left can be removed. Link, state
//! and browser are kept as hashes; the PKCE verifier and the grant are sealed, and wiped as soon as
//! they are not needed. What is removed, and how far that is, stands in the disconnect.

use calsync_core::reason::Reason;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::connect::hash;
use crate::db::{execute, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::integrations::{Grant, Tokens};
use crate::rows::row;
use crate::secrets::{Keyring, SecretAad};
use crate::time::{micros, time};
use crate::{Result, Store, StoreError, Tx};

/// A clean-up, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanUp {
    /// Our id of it.
    pub id: String,
    /// What it carries on.
    pub disconnect_id: String,
    /// The user's id at the platform.
    pub user_id: String,
    /// Until when its link is good, and after that the way to Google and back.
    pub expires_at: Timestamp,
    /// Whether its link's form was sent.
    pub is_begun: bool,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why nothing could be removed.
    pub reason: Option<Reason>,
}

row! {
    struct Row {
        id: String,
        disconnect_id: String,
        user_id: String,
        expires_at: i64,
        state_hash: Option<String>,
        ended_at: Option<i64>,
        reason: Option<String>,
    }
}

impl From<Row> for CleanUp {
    fn from(row: Row) -> Self {
        Self {
            expires_at: time(row.expires_at),
            is_begun: row.state_hash.is_some(),
            ended_at: row.ended_at.map(time),
            reason: row.reason.as_deref().and_then(Reason::from_name),
            id: row.id,
            disconnect_id: row.disconnect_id,
            user_id: row.user_id,
        }
    }
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, disconnect_id, user_id, expires_at, state_hash, ended_at, reason FROM clean_ups WHERE ",
            $condition
        )
    };
}

fn aad<'a>(column: &'static str, clean_up: &'a CleanUp) -> SecretAad<'a> {
    SecretAad { table: "clean_ups", column, row: &clean_up.id, user_id: &clean_up.user_id }
}

fn seal(store: &Store, aad: SecretAad<'_>, secret: &SecretString) -> Result<Vec<u8>> {
    let sealed = store.keyring().seal(aad, secret, store.entropy());
    sealed.ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))
}

/// Keeps a new clean-up, whose link is known by `token`.
pub async fn create(tx: &mut Tx, new: &CleanUp, token: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO clean_ups (id, disconnect_id, user_id, link_hash, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &new.id,
        &new.disconnect_id,
        &new.user_id,
        hash(token),
        micros(new.expires_at),
        micros(now),
    )?;
    Ok(())
}

/// The clean-up whose link is known by `token`, whether that is still good or not.
pub async fn of_link(tx: &mut Tx, token: &str) -> Result<Option<CleanUp>> {
    let row = fetch_optional!(tx, Row, select!("link_hash = $1"), hash(token))?;
    Ok(row.map(CleanUp::from))
}

/// The clean-up that a browser began.
pub async fn of_browser(tx: &mut Tx, browser: &str) -> Result<Option<CleanUp>> {
    let row = fetch_optional!(tx, Row, select!("browser_hash = $1"), hash(browser))?;
    Ok(row.map(CleanUp::from))
}

/// What is kept of a consent between the redirect to Google and the callback.
pub struct ConsentState<'a> {
    /// The `state` that Google brings back.
    pub state: &'a str,
    /// What only the user's browser holds.
    pub browser: &'a str,
    /// The PKCE verifier.
    pub verifier: &'a SecretString,
    /// Until when the user has to be back.
    pub expires_at: Timestamp,
}

/// Uses the link and stores the consent; false if the link was used before or has expired.
pub async fn begin(
    store: &Store,
    tx: &mut Tx,
    clean_up: &CleanUp,
    consent: &ConsentState<'_>,
    now: Timestamp,
) -> Result<bool> {
    let begun = execute!(
        tx,
        "UPDATE clean_ups SET state_hash = $2, browser_hash = $3, verifier = $4, expires_at = $5
         WHERE id = $1 AND state_hash IS NULL AND expires_at > $6",
        &clean_up.id,
        hash(consent.state),
        hash(consent.browser),
        seal(store, aad("verifier", clean_up), consent.verifier)?,
        micros(consent.expires_at),
        micros(now),
    )?;
    Ok(begun == 1)
}

row! {
    struct Sealed {
        verifier: Option<Vec<u8>>,
    }
}

/// Takes the clean-up with `state`, once: it must come from the browser that began it, in time. An
/// unreadable verifier is `None`.
pub async fn take(
    store: &Store,
    tx: &mut Tx,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<(CleanUp, Option<SecretString>)>> {
    const SQL: &str = select!("state_hash = $1 AND browser_hash = $2 AND expires_at > $3");
    let row = fetch_optional!(tx, Row, SQL, hash(state), hash(browser), micros(now))?;
    let Some(clean_up) = row.map(CleanUp::from) else { return Ok(None) };
    // Read and wiped in one look: of two that come at once, one finds nothing.
    let sealed = fetch_optional!(tx, Sealed, "SELECT verifier FROM clean_ups WHERE id = $1", &clean_up.id)?;
    let taken = execute!(
        tx,
        "UPDATE clean_ups SET verifier = NULL WHERE id = $1 AND verifier IS NOT NULL",
        &clean_up.id,
    )?;
    let Some(sealed) = sealed.and_then(|row| row.verifier).filter(|_| taken == 1) else { return Ok(None) };
    let verifier = store.keyring().open(aad("verifier", &clean_up), &sealed).ok();
    Ok(Some((clean_up, verifier)))
}

/// Keeps the grant of a consent, until [`end`].
pub async fn keep_grant(store: &Store, tx: &mut Tx, clean_up: &CleanUp, grant: &Grant<'_>) -> Result<()> {
    let refresh = grant.refresh_token.map(|token| seal(store, aad("refresh_token", clean_up), token));
    execute!(
        tx,
        "UPDATE clean_ups SET access_token = $2, refresh_token = $3, token_expires_at = $4 WHERE id = $1",
        &clean_up.id,
        seal(store, aad("access_token", clean_up), grant.access_token)?,
        refresh.transpose()?,
        micros(grant.expires_at),
    )?;
    Ok(())
}

row! {
    struct TokenRow {
        user_id: String,
        access_token: Option<Vec<u8>>,
        refresh_token: Option<Vec<u8>>,
        token_expires_at: Option<i64>,
    }
}

/// Opens the grant of a clean-up.
pub async fn tokens(tx: &mut Tx, keyring: &Keyring, id: &str) -> Result<Option<Tokens>> {
    let row = fetch_optional!(
        tx,
        TokenRow,
        "SELECT user_id, access_token, refresh_token, token_expires_at FROM clean_ups WHERE id = $1",
        id,
    )?;
    let Some(row) = row else { return Ok(None) };
    let open = |column, sealed: &Option<Vec<u8>>| {
        let aad = SecretAad { table: "clean_ups", column, row: id, user_id: &row.user_id };
        sealed.as_ref().map(|sealed| keyring.open(aad, sealed))
    };
    Ok(Some(Tokens {
        access: open("access_token", &row.access_token),
        refresh: open("refresh_token", &row.refresh_token),
        expires_at: row.token_expires_at.map(time),
        refresh_due_at: None,
        version: 0,
    }))
}

/// Ends a clean-up and wipes its secrets; `reason`: why nothing could be removed.
pub async fn end(tx: &mut Tx, id: &str, reason: Option<Reason>, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE clean_ups SET verifier = NULL, access_token = NULL, refresh_token = NULL, token_expires_at = NULL,
             ended_at = $2, reason = $3 WHERE id = $1",
        id,
        micros(now),
        reason.map(Reason::name),
    )?;
    Ok(())
}

/// Wipes the verifiers of clean-ups whose user did not come back by `now`; at most `limit`.
pub async fn wipe_verifiers(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "UPDATE clean_ups SET verifier = NULL WHERE verifier IS NOT NULL AND id IN
             (SELECT id FROM clean_ups WHERE verifier IS NOT NULL AND expires_at <= $1
              ORDER BY expires_at LIMIT $2)",
        micros(now),
        limit,
    )?)
}
