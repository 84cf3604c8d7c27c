//! Links by which users connect: a token is kept as its hash, and used up when its form is sent.

use calsync_core::integration::GOOGLE;
use jiff::Timestamp;
use serde_json::json;

use super::hash;
use crate::audit::{self, AuditRow};
use crate::db::{execute, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, Tx};

/// A link by which a user connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The user's id at the platform.
    pub user_id: String,
    /// Where the user goes afterwards.
    pub return_url: Option<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whether its form was sent.
    pub used: bool,
}

row! {
    struct LinkRow {
        user_id: String,
        return_url: Option<String>,
        expires_at: i64,
        used_at: Option<i64>,
    }
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
    /// The admin's note, 3 to 500 characters.
    pub note: &'a str,
    /// The id of the row in the audit.
    pub audit_id: &'a str,
}

/// Keeps a link that an admin sends to the user, and the action.
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
    /// When it was stored.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was first looked at; mail scanners look, too.
    pub opened_at: Option<Timestamp>,
    /// When its form was sent.
    pub used_at: Option<Timestamp>,
}

row! {
    struct ReconnectLinkRow {
        made_by: String,
        created_at: i64,
        expires_at: i64,
        opened_at: Option<i64>,
        used_at: Option<i64>,
    }
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
    plan_for_batch(tx).await?;
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
