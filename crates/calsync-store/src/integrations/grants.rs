//! What is known of grants: when they were issued and used, how many an account gave, and how a
//! domain fares. [`calsync_core::grant`] infers from it why one is dead.

use calsync_core::grant::{DeadGrant, Domain, TESTING};
use jiff::{SignedDuration, Timestamp};

use super::TABLE;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::rows::row;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// Connections that end this near to each other end together.
const TOGETHER: SignedDuration = SignedDuration::from_hours(24);

/// A refresh token was issued: it is the newest of its account and client.
pub(super) async fn issued(
    tx: &mut Tx,
    id: &str,
    account_sub: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<()> {
    let counted = fetch_optional!(
        tx,
        (i64,),
        "INSERT INTO grant_counts (account_sub, client_id, issued) VALUES ($1, $2, 1)
         ON CONFLICT (account_sub, client_id) DO UPDATE SET issued = grant_counts.issued + 1 RETURNING issued",
        account_sub,
        client_id,
    )?;
    execute!(
        tx,
        "UPDATE user_integrations SET client_id = $2, grant_number = $3, refresh_issued_at = $4,
             refresh_ends_at = NULL WHERE id = $1",
        id,
        client_id,
        counted.map(|(number,)| number),
        micros(now),
    )?;
    Ok(())
}

/// A refresh token was replaced by a newer one of the same grant.
pub(super) async fn rotated(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE user_integrations SET refresh_issued_at = $2 WHERE id = $1", id, micros(now))?;
    Ok(())
}

/// The users of integrations whose grant lay idle for so long that it is due to be used, and for
/// which no work is waiting; at most `limit`.
pub async fn idle(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let rows = fetch_all!(
        tx,
        (String,),
        "SELECT user_id FROM user_integrations
         WHERE state = 'active' AND refresh_due_at <= $1 AND wake_seq = seen_seq
         ORDER BY refresh_due_at LIMIT $2",
        micros(now),
        limit,
    )?;
    Ok(rows.into_iter().map(|(user_id,)| user_id).collect())
}

row! {
    struct Row {
        client_id: Option<String>,
        refresh_issued_at: Option<i64>,
        refresh_ends_at: Option<i64>,
        refresh_used_at: Option<i64>,
        needs_action_at: Option<i64>,
        newer: i64,
    }
}

/// What is known of an integration's grant, which Google refuses: since it needs action, or `now`.
/// `client_id` is our OAuth client. How its domain fares is not looked at.
pub async fn dead_grant(tx: &mut Tx, id: &str, client_id: &str, now: Timestamp) -> Result<DeadGrant> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT i.client_id, i.refresh_issued_at, i.refresh_ends_at, i.refresh_used_at, i.needs_action_at,
             COALESCE(c.issued - i.grant_number, 0) AS newer
         FROM user_integrations i
         LEFT JOIN grant_counts c ON c.account_sub = i.account_sub AND c.client_id = i.client_id
         WHERE i.id = $1",
        id,
    )?;
    let row = row.ok_or_else(|| StoreError::corrupt(TABLE, "id", id))?;
    // An index holds only those that outlived it, in this order, so it has the number, too.
    const { assert!(TESTING.as_micros() == 604_800_000_000) };
    let outlives = fetch_optional!(
        tx,
        (String,),
        "SELECT id FROM user_integrations
         WHERE client_id = $1 AND refresh_used_at - refresh_issued_at > 604800000000
         ORDER BY id LIMIT 1",
        client_id,
    )?;
    Ok(DeadGrant {
        issued_at: row.refresh_issued_at.map(time),
        ends_at: row.refresh_ends_at.map(time),
        used_at: row.refresh_used_at.map(time),
        refused_at: row.needs_action_at.map_or(now, time),
        newer: row.newer,
        of_other_client: row.client_id.is_some_and(|of| of != client_id),
        others_outlive_testing: outlives.is_some(),
        domain: None,
    })
}

/// How the connections of a Workspace domain fare around `refused_at`, when Google refused one.
pub async fn domain(tx: &mut Tx, name: &str, refused_at: Timestamp) -> Result<Domain> {
    let nearest = |by| refused_at.saturating_add(by).unwrap_or(refused_at);
    let counts = fetch_optional!(
        tx,
        (i64, i64),
        "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'needs_action' AND needs_action_at BETWEEN $2 AND $3
                     AND reason IN ('grant_revoked', 'grant_expired', 'grant_unknown') THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN state = 'active' AND refresh_used_at > $4 THEN 1 ELSE 0 END), 0) AS BIGINT)
         FROM user_integrations WHERE account_domain = $1",
        name,
        micros(nearest(-TOGETHER)),
        micros(nearest(TOGETHER)),
        micros(refused_at),
    )?;
    let (ended, accepted_since) = counts.unwrap_or_default();
    Ok(Domain { name: name.to_owned(), ended, accepted_since })
}

row! {
    /// A connection whose grant may be tried.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OtherGrant {
        /// The connection.
        pub id: String,
        /// The Google account's stable id.
        pub account_sub: String,
        /// Its Workspace domain.
        pub account_domain: Option<String>,
    }
}

/// Active connections of other accounts than `account_sub`: those of a Workspace `domain`, or of all those whose
/// grant was used not long ago; at most `limit`. What an admin paused is left alone.
pub async fn others(
    tx: &mut Tx,
    account_sub: &str,
    domain: Option<&str>,
    limit: i64,
) -> Result<Vec<OtherGrant>> {
    let rows = match domain {
        Some(domain) => fetch_all!(
            tx,
            OtherGrant,
            "SELECT id, account_sub, account_domain FROM user_integrations
             WHERE account_domain = $2 AND state = 'active' AND account_sub <> $1 AND NOT is_paused
             ORDER BY last_attempt_at DESC LIMIT $3",
            account_sub,
            domain,
            limit,
        )?,
        None => fetch_all!(
            tx,
            OtherGrant,
            "SELECT id, account_sub, account_domain FROM user_integrations
             WHERE state = 'active' AND refresh_due_at IS NOT NULL AND account_sub <> $1 AND NOT is_paused
             ORDER BY refresh_due_at DESC LIMIT $2",
            account_sub,
            limit,
        )?,
    };
    Ok(rows)
}

/// Forgets how often an account granted, once nothing of ours holds a grant of it any more.
pub(crate) async fn forget_count(tx: &mut Tx, id: &str) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM grant_counts WHERE account_sub = (SELECT account_sub FROM user_integrations WHERE id = $1)
           AND NOT EXISTS (SELECT 1 FROM user_integrations other
               WHERE other.account_sub = grant_counts.account_sub AND other.refresh_token IS NOT NULL)",
        id,
    )?;
    Ok(())
}
