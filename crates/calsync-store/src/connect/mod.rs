//! Connect links ([`links`]) and tries to connect. Tokens and states are kept as hashes; the PKCE
//! verifier is sealed and wiped when the try ends.

mod links;

use std::collections::BTreeSet;

use calsync_core::ids::first_id_at;
use calsync_core::integration::{CalendarChoice, ConnectOutcome};
use calsync_core::reason::Reason;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::rows::row;
use crate::secrets::SecretAad;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx};
pub use links::{
    Link, MadeBy, ReconnectLink, create_link, create_reconnect_link, find_link, forget_links,
    newest_reconnect_link, opened, use_link,
};

/// What a secret that comes back to us is known by.
pub(crate) fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// A try to connect, as it begins.
pub struct NewAttempt<'a> {
    /// Its id.
    pub id: &'a str,
    /// Who tries.
    pub user_id: &'a str,
    /// The `state` that Google brings back.
    pub state: &'a str,
    /// What only the user's browser holds.
    pub browser: &'a str,
    /// The PKCE verifier.
    pub verifier: &'a SecretString,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
    /// The calendar itself, if it was chosen before: `new`, or its id.
    pub target_calendar: Option<&'a str>,
    /// What is asked for.
    pub scopes: &'a BTreeSet<String>,
    /// Where the user goes afterwards.
    pub return_url: Option<&'a str>,
    /// Until when the user has to be back.
    pub expires_at: Timestamp,
}

fn verifier_aad<'a>(id: &'a str, user_id: &'a str) -> SecretAad<'a> {
    SecretAad { table: "connect_attempts", column: "verifier", row: id, user_id }
}

/// Keeps a new try.
pub async fn begin(store: &Store, tx: &mut Tx, new: NewAttempt<'_>, now: Timestamp) -> Result<()> {
    let sealed = store
        .keyring()
        .seal(verifier_aad(new.id, new.user_id), new.verifier, store.entropy())
        .ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))?;
    execute!(
        tx,
        "INSERT INTO connect_attempts (id, user_id, state_hash, browser_hash, verifier, calendar_choice,
             target_calendar, scopes, return_url, started_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id,
        new.user_id,
        hash(new.state),
        hash(new.browser),
        sealed,
        new.calendar_choice.name(),
        new.target_calendar,
        new.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        new.return_url,
        micros(now),
        micros(new.expires_at),
    )?;
    Ok(())
}

/// A try that came back from Google.
#[derive(Debug)]
pub struct PendingConsent {
    /// Its id.
    pub id: String,
    /// Who tried.
    pub user_id: String,
    /// The PKCE verifier; unreadable ones are `None`.
    pub verifier: Option<SecretString>,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
    /// The calendar itself, if it was chosen before: `new`, or its id.
    pub target_calendar: Option<String>,
    /// What was asked for.
    pub scopes: BTreeSet<String>,
    /// Where the user goes now.
    pub return_url: Option<String>,
}

row! {
    struct ReturnedRow {
        id: String,
        user_id: String,
        verifier: Option<Vec<u8>>,
        calendar_choice: String,
        target_calendar: Option<String>,
        scopes: String,
        return_url: Option<String>,
    }
}

/// Takes the try with `state`, once: it must come from the browser that began it, in time.
/// A second call finds nothing.
pub async fn take(
    store: &Store,
    tx: &mut Tx,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<PendingConsent>> {
    let row = fetch_optional!(
        tx,
        ReturnedRow,
        "SELECT id, user_id, verifier, calendar_choice, target_calendar, scopes, return_url FROM connect_attempts
         WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3 AND verifier IS NOT NULL",
        hash(state),
        hash(browser),
        micros(now),
    )?;
    let Some(row) = row else { return Ok(None) };
    let taken = execute!(
        tx,
        "UPDATE connect_attempts SET verifier = NULL WHERE id = $1 AND verifier IS NOT NULL",
        &row.id,
    )?;
    if taken != 1 {
        return Ok(None);
    }
    let Some(calendar_choice) = CalendarChoice::from_name(&row.calendar_choice) else {
        // The user sets out once more.
        StoreError::corrupt("connect_attempts", "calendar_choice", &row.id).log();
        return Ok(None);
    };
    let open = |sealed: Vec<u8>| store.keyring().open(verifier_aad(&row.id, &row.user_id), &sealed).ok();
    Ok(Some(PendingConsent {
        verifier: row.verifier.and_then(open),
        calendar_choice,
        target_calendar: row.target_calendar,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        return_url: row.return_url,
        id: row.id,
        user_id: row.user_id,
    }))
}

/// Keeps which of the scopes that a try needs the user did not grant.
pub async fn set_missing_scopes(tx: &mut Tx, id: &str, missing: &[&str]) -> Result<()> {
    let missing = missing.join(" ");
    execute!(tx, "UPDATE connect_attempts SET missing_scopes = $2 WHERE id = $1", id, missing)?;
    Ok(())
}

/// Keeps with which Google account the user came back.
pub async fn set_account_email(tx: &mut Tx, id: &str, account_email: Option<&str>) -> Result<()> {
    execute!(tx, "UPDATE connect_attempts SET account_email = $2 WHERE id = $1", id, account_email)?;
    Ok(())
}

/// Keeps how a try ended: connected, or why not.
pub async fn end(tx: &mut Tx, id: &str, reason: Option<Reason>, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE connect_attempts SET ended_at = $2, outcome = $3, reason = $4, verifier = NULL WHERE id = $1",
        id,
        micros(now),
        ConnectOutcome::of(reason).name(),
        reason.map(Reason::name),
    )?;
    Ok(())
}

row! {
    /// A try to connect, as it is shown.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Attempt {
        /// Its id.
        pub id: String,
        /// Who tried.
        pub user_id: String,
        /// When, in microseconds.
        pub started_at: i64,
        /// When it ended, in microseconds.
        pub ended_at: Option<i64>,
        /// A [`ConnectOutcome`]; none: the user has not come back from Google.
        pub outcome: Option<String>,
        /// Why it failed.
        pub reason: Option<String>,
        /// A [`CalendarChoice`].
        pub calendar_choice: String,
        /// The calendar itself, if it was chosen before: `new`, or its id.
        pub target_calendar: Option<String>,
        /// The Google account with which the user came back.
        pub account_email: Option<String>,
        /// What was asked for and not granted, apart by spaces.
        pub missing_scopes: String,
    }
}

/// A user's try, if it is theirs.
pub async fn attempt(tx: &mut Tx, id: &str, user_id: &str) -> Result<Option<Attempt>> {
    Ok(fetch_optional!(
        tx,
        Attempt,
        "SELECT id, user_id, started_at, ended_at, outcome, reason, calendar_choice, target_calendar,
             account_email, missing_scopes
         FROM connect_attempts WHERE id = $1 AND user_id = $2",
        id,
        user_id,
    )?)
}

/// A user's tries, newest first.
pub async fn attempts(tx: &mut Tx, user_id: &str, limit: i64) -> Result<Vec<Attempt>> {
    Ok(fetch_all!(
        tx,
        Attempt,
        "SELECT id, user_id, started_at, ended_at, outcome, reason, calendar_choice, target_calendar,
             account_email, missing_scopes
         FROM connect_attempts WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
        user_id,
        limit,
    )?)
}

/// Forgets attempts to connect that began before `oldest`, with what was sealed for them; at most `limit`.
pub async fn forget_attempts(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM connect_attempts
         WHERE id IN (SELECT id FROM connect_attempts WHERE id < $1 ORDER BY id LIMIT $2)",
        first_id_at(oldest),
        limit,
    )?)
}

/// Wipes the verifiers of tries whose user did not come back by `now`; at most `limit`.
pub async fn wipe_verifiers(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "UPDATE connect_attempts SET verifier = NULL WHERE verifier IS NOT NULL AND id IN
             (SELECT id FROM connect_attempts WHERE verifier IS NOT NULL AND expires_at <= $1
              ORDER BY expires_at LIMIT $2)",
        micros(now),
        limit,
    )?)
}
