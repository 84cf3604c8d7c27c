//! Users who are being deleted. From [`start`] on nothing is stored for them; once their
//! connections have ended they are forgotten, batch by batch, each in a transaction that holds the
//! user's row ([`lock`]), so that a crash leaves only work that is found again.
//!
//! What stays without their name: tries to connect and disconnects, for the figures. What stays
//! with it: the audit and, for its 30 days, the feed of changes.

use std::collections::BTreeSet;

use calsync_core::item::Item;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::{batches, execute_rows, row};
use crate::time::micros;
use crate::{Result, StoreError, Tx, connection_counts, items};

row! {
    /// A user who is being deleted.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UserDeletion {
        /// The platform's id.
        pub user_id: String,
        /// When their deletion was asked for, in microseconds: a user of the same id who is made later
        /// is another one.
        pub deleting_since: i64,
    }
}

/// Marks a user as being deleted, and keeps others from changing them until the transaction ends;
/// false: there is no such user.
pub async fn start(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<bool> {
    let marked = execute!(
        tx,
        "UPDATE users SET deleting_since = COALESCE(deleting_since, $2) WHERE user_id = $1",
        user_id,
        micros(now),
    )?;
    Ok(marked == 1)
}

/// Users who are being deleted and whose connections have ended: all, or this one.
pub async fn list_ready(tx: &mut Tx, user_id: Option<&str>, limit: i64) -> Result<Vec<UserDeletion>> {
    Ok(fetch_all!(
        tx,
        UserDeletion,
        "SELECT user_id, deleting_since FROM users u
         WHERE deleting_since IS NOT NULL AND ($1 = '' OR user_id = $1)
           AND NOT EXISTS (SELECT 1 FROM user_integrations g
               WHERE g.user_id = u.user_id AND g.state <> 'disconnected')
           AND NOT EXISTS (SELECT 1 FROM disconnects d WHERE d.user_id = u.user_id AND d.state = 'running')
         ORDER BY deleting_since, user_id LIMIT $2",
        user_id.unwrap_or_default(),
        limit,
    )?)
}

/// Holds the user's row until the transaction ends; false: they were forgotten already.
pub async fn lock(tx: &mut Tx, deletion: &UserDeletion) -> Result<bool> {
    let held = execute!(
        tx,
        "UPDATE users SET updated_at = updated_at WHERE user_id = $1 AND deleting_since = $2",
        &deletion.user_id,
        deletion.deleting_since,
    )?;
    Ok(held == 1)
}

/// Takes the user out of at most `limit` items: those of theirs alone are gone, those of others too
/// lose only them. How many that were. After [`lock`].
pub async fn forget_items(tx: &mut Tx, deletion: &UserDeletion, limit: i64) -> Result<usize> {
    let keys = fetch_all!(
        tx,
        (String, String),
        "SELECT kind, item_id FROM item_users WHERE user_id = $1 ORDER BY kind, item_id LIMIT $2",
        &deletion.user_id,
        limit,
    )?;
    let mut gone = Vec::new();
    for (kind, item_id) in &keys {
        let item = match items::lock(tx, kind, item_id).await {
            Ok(Some(locked)) => locked.item.readable().map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let is_gone = match item {
            Ok(Some(item)) => forget_in(tx, &deletion.user_id, item).await?,
            Ok(None) => false,
            Err(StoreError::Corrupt { .. }) => {
                forget_in_unreadable(tx, &deletion.user_id, kind, item_id).await?
            }
            Err(error) => return Err(error),
        };
        if is_gone {
            gone.push((kind, item_id));
        }
        execute!(
            tx,
            "DELETE FROM item_users WHERE user_id = $1 AND kind = $2 AND item_id = $3",
            &deletion.user_id,
            kind,
            item_id,
        )?;
    }
    for batch in batches(&gone) {
        execute_rows!(
            tx,
            "DELETE FROM refusals WHERE (kind, item_id) IN (",
            batch,
            |row, (kind, item_id)| row.push_bind(*kind).push_bind(*item_id),
            ")",
        )?;
    }
    Ok(keys.len())
}

/// Takes the user out of an item; whether it is gone, since it was theirs alone.
async fn forget_in(tx: &mut Tx, user_id: &str, item: Item) -> Result<bool> {
    let Item { key, mut body, deleted, .. } = item;
    body.user_ids.remove(user_id);
    if !body.user_ids.is_empty() {
        items::replace_users(tx, &key, &body, deleted).await?;
        return Ok(false);
    }
    // An earlier user's calendar may still have what was theirs once, or wait for its removal.
    const HOLDERS: &str =
        "SELECT g.user_id FROM sync_mappings m JOIN user_integrations g ON g.id = m.integration_id
         WHERE m.kind = $1 AND m.item_id = $2 AND g.user_id <> $3
             AND (m.sync_state = 'waiting' OR m.previous_google_id IS NOT NULL OR m.google_id IS NOT NULL)
         ORDER BY g.user_id LIMIT 100";
    let holders = fetch_all!(tx, (String,), HOLDERS, key.kind.name(), &key.id, user_id,)?;
    if !holders.is_empty() {
        body.user_ids = holders.into_iter().map(|(user_id,)| user_id).collect::<BTreeSet<_>>();
        (body.title, body.description) = ("-".into(), None);
        (body.meeting_url, body.url) = (None, None);
        items::replace_users(tx, &key, &body, true).await?;
        return Ok(false);
    }
    remove(tx, key.kind.name(), &key.id).await?;
    Ok(true)
}

/// As [`forget_in`], for an item that can't be read. What is kept for its other users may name this one,
/// so nothing of it is kept but that it is there.
async fn forget_in_unreadable(tx: &mut Tx, user_id: &str, kind: &str, item_id: &str) -> Result<bool> {
    let is_others = items::addressed(tx, kind, item_id).await?.into_iter().any(|other| other != user_id);
    match is_others {
        true => items::blank(tx, kind, item_id).await?,
        false => remove(tx, kind, item_id).await?,
    }
    Ok(!is_others)
}

/// Removes an item that is nobody's any more.
async fn remove(tx: &mut Tx, kind: &str, item_id: &str) -> Result<()> {
    for sql in [
        "DELETE FROM sync_mappings WHERE kind = $1 AND item_id = $2",
        "DELETE FROM items WHERE kind = $1 AND item_id = $2",
    ] {
        execute!(tx, sql, kind, item_id)?;
    }
    Ok(())
}

/// Forgets all that is left of a user, and the user. After [`lock`], once no item names them.
pub async fn forget_user(tx: &mut Tx, deletion: &UserDeletion) -> Result<()> {
    const OF_USER: [&str; 18] = [
        "DELETE FROM pauses WHERE scope = 'user' AND key = $1 AND admin_id IS NOT NULL",
        "DELETE FROM clean_ups WHERE user_id = $1",
        "DELETE FROM connect_links WHERE user_id = $1",
        "UPDATE changes SET link_token = NULL WHERE user_id = $1 AND link_token IS NOT NULL",
        "DELETE FROM refusals WHERE user_id = $1",
        "DELETE FROM calendar_sync_logs WHERE user_id = $1",
        "DELETE FROM uncounted_attempts WHERE user_id = $1",
        "UPDATE error_groups SET affected_users = affected_users - 1
         WHERE id IN (SELECT group_id FROM error_group_users WHERE user_id = $1)",
        "DELETE FROM error_group_users WHERE user_id = $1",
        "DELETE FROM disconnect_leftovers WHERE disconnect_id IN (SELECT id FROM disconnects WHERE user_id = $1)",
        "UPDATE disconnect_steps SET receipt = 'Forgotten with the user.'
         WHERE disconnect_id IN (SELECT id FROM disconnects WHERE user_id = $1)",
        "UPDATE disconnects SET user_id = '', integration_id = '', note = NULL, account_sub = NULL, account_email = NULL,
             target_calendar_id = NULL, clean_up_id = NULL
         WHERE user_id = $1",
        "UPDATE connect_attempts SET user_id = '', account_email = NULL, target_calendar = NULL, verifier = NULL, return_url = NULL
         WHERE user_id = $1",
        "DELETE FROM sync_mappings
         WHERE integration_id IN (SELECT id FROM user_integrations WHERE user_id = $1)",
        "DELETE FROM calendars
         WHERE integration_id IN (SELECT id FROM user_integrations WHERE user_id = $1)",
        "DELETE FROM grant_counts
         WHERE account_sub IN (SELECT account_sub FROM user_integrations WHERE user_id = $1)
           AND NOT EXISTS (SELECT 1 FROM user_integrations g
               WHERE g.account_sub = grant_counts.account_sub AND g.user_id <> $1)",
        "DELETE FROM user_integrations WHERE user_id = $1",
        "DELETE FROM users WHERE user_id = $1",
    ];
    connection_counts::subtract(tx, &deletion.user_id).await?;
    for sql in OF_USER {
        execute!(tx, sql, &deletion.user_id)?;
    }
    Ok(())
}
