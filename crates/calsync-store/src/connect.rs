//! Connect links and tries to connect. Tokens and states are kept as hashes; the PKCE verifier is
//! sealed and wiped when the try ends.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, ConnectOutcome, GOOGLE};
use calsync_core::reason::Reason;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use crate::audit::{self, AuditRow};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::secrets::Slot;
use crate::time::{micros, time};
use crate::{Result, Store, StoreError, Tx};

/// What a secret that comes back to us is known by.
pub(crate) fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// A link by which a user connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose it is.
    pub user_id: String,
    /// Where the user goes afterwards.
    pub return_url: Option<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whether its form was sent.
    pub used: bool,
}

#[derive(FromRow)]
struct LinkRow {
    user_id: String,
    return_url: Option<String>,
    expires_at: i64,
    used_at: Option<i64>,
}

/// Keeps a link known by `token`.
pub async fn create_link(tx: &mut Tx, token: &str, link: &Link, now: Timestamp) -> Result<()> {
    insert_link(tx, token, link, None, now).await
}

async fn insert_link(
    tx: &mut Tx,
    token: &str,
    link: &Link,
    made_by: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO connect_links (token_hash, user_id, return_url, made_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        hash(token),
        &link.user_id,
        &link.return_url,
        made_by,
        micros(now),
        micros(link.expires_at),
    )?;
    Ok(())
}

/// Who makes a link for a user, and why.
#[derive(Clone, Copy, Debug)]
pub struct MadeBy<'a> {
    /// The admin.
    pub admin_id: &'a str,
    /// Why.
    pub note: &'a str,
    /// The id of the row in the audit.
    pub audit_id: &'a str,
}

/// Keeps a link that an admin sends to the user, and the deed.
pub async fn create_reconnect_link(
    tx: &mut Tx,
    token: &str,
    link: &Link,
    by: MadeBy<'_>,
    now: Timestamp,
) -> Result<()> {
    insert_link(tx, token, link, Some(by.admin_id), now).await?;
    let row = AuditRow {
        id: by.audit_id.to_owned(),
        admin_id: by.admin_id.to_owned(),
        action: "integration.reconnect_link".into(),
        target_id: link.user_id.clone(),
        note: Some(by.note.to_owned()),
        metadata: json!({"provider": GOOGLE, "good_until": link.expires_at}),
        created_at: now,
    };
    audit::record(tx, &row).await
}

/// A link that an admin made, as it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconnectLink {
    /// The admin.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was first looked at; mail scanners look, too.
    pub opened_at: Option<Timestamp>,
    /// When its form was sent.
    pub used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct ReconnectLinkRow {
    made_by: String,
    created_at: i64,
    expires_at: i64,
    opened_at: Option<i64>,
    used_at: Option<i64>,
}

/// The newest link that an admin made for a user.
pub async fn newest_reconnect_link(tx: &mut Tx, user_id: &str) -> Result<Option<ReconnectLink>> {
    let row = fetch_optional!(
        tx,
        ReconnectLinkRow,
        "SELECT made_by, created_at, expires_at, opened_at, used_at FROM connect_links
         WHERE user_id = $1 AND made_by IS NOT NULL ORDER BY created_at DESC LIMIT 1",
        user_id,
    )?;
    Ok(row.map(|row| ReconnectLink {
        made_by: row.made_by,
        created_at: time(row.created_at),
        expires_at: time(row.expires_at),
        opened_at: row.opened_at.map(time),
        used_at: row.used_at.map(time),
    }))
}

/// Notes that a link was looked at, if an admin made it, who may want to know.
pub async fn opened(tx: &mut Tx, token: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE connect_links SET opened_at = $2
         WHERE token_hash = $1 AND made_by IS NOT NULL AND opened_at IS NULL",
        hash(token),
        micros(now),
    )?;
    Ok(())
}

/// The link known by `token`, whether it is still good or not. Looking doesn't use it up.
pub async fn find_link(tx: &mut Tx, token: &str) -> Result<Option<Link>> {
    let row = fetch_optional!(
        tx,
        LinkRow,
        "SELECT user_id, return_url, expires_at, used_at FROM connect_links WHERE token_hash = $1",
        hash(token),
    )?;
    Ok(row.map(|row| Link {
        user_id: row.user_id,
        return_url: row.return_url,
        expires_at: time(row.expires_at),
        used: row.used_at.is_some(),
    }))
}

/// Forgets links that ended before `oldest`; at most `limit`.
pub async fn forget_links(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    Ok(execute!(
        tx,
        "DELETE FROM connect_links WHERE token_hash IN
             (SELECT token_hash FROM connect_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}

/// Uses the link up; false if it was used before or is too old.
pub async fn use_link(tx: &mut Tx, token: &str, now: Timestamp) -> Result<bool> {
    let used = execute!(
        tx,
        "UPDATE connect_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
        hash(token),
        micros(now),
    )?;
    Ok(used == 1)
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

fn verifier_slot<'a>(id: &'a str, user_id: &'a str) -> Slot<'a> {
    Slot { table: "connect_attempts", column: "verifier", row: id, user_id }
}

/// Keeps a new try.
pub async fn begin(store: &Store, tx: &mut Tx, new: NewAttempt<'_>, now: Timestamp) -> Result<()> {
    let sealed = store
        .keyring()
        .seal(verifier_slot(new.id, new.user_id), new.verifier, store.entropy())
        .ok_or_else(|| StoreError::Unusable("a secret could not be sealed".into()))?;
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
pub struct Returned {
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

#[derive(FromRow)]
struct ReturnedRow {
    id: String,
    user_id: String,
    verifier: Option<Vec<u8>>,
    calendar_choice: String,
    target_calendar: Option<String>,
    scopes: String,
    return_url: Option<String>,
}

/// Takes the try with `state`, once: it must come from the browser that began it, in time.
/// A second call finds nothing.
pub async fn take(
    store: &Store,
    tx: &mut Tx,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Returned>> {
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
    let open = |sealed: Vec<u8>| store.keyring().open(verifier_slot(&row.id, &row.user_id), &sealed).ok();
    Ok(Some(Returned {
        verifier: row.verifier.and_then(open),
        calendar_choice: CalendarChoice::from_name(&row.calendar_choice)
            .ok_or_else(|| StoreError::corrupt("connect_attempts", "calendar_choice", &row.id))?,
        target_calendar: row.target_calendar,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        return_url: row.return_url,
        id: row.id,
        user_id: row.user_id,
    }))
}

/// Keeps which of the scopes that a try needs the user did not grant.
pub async fn granted_without(tx: &mut Tx, id: &str, missing: &[&str]) -> Result<()> {
    let missing = missing.join(" ");
    execute!(tx, "UPDATE connect_attempts SET missing_scopes = $2 WHERE id = $1", id, missing)?;
    Ok(())
}

/// Keeps with which Google account the user came back.
pub async fn came_back_as(tx: &mut Tx, id: &str, account_email: Option<&str>) -> Result<()> {
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

/// A try to connect, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
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
