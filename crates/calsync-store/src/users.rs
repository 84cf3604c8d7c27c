//! The platform's users.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::db::{execute, fetch_optional, on};
use crate::dialect::lock_in_order;
use crate::rows::{batches, execute_rows, row};
use crate::time::micros;
use crate::{Result, StoreError, Tx, mappings};

/// A user can only be gone between insert and lock if they are forgotten just then.
const LOCKS_MAX: usize = 4;

row! {
    /// What the platform says of a user.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct User {
        /// The platform's id.
        pub user_id: String,
        /// Their mail address; absent for a user known only from an item.
        pub email: Option<String>,
        /// Their name.
        pub name: Option<String>,
        /// Their IANA zone.
        pub time_zone: Option<String>,
        /// Their language, as BCP 47.
        pub locale: Option<String>,
    }
}

/// Whether a PUT made something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there.
    Created,
    /// It was there with other values.
    Changed,
    /// It was there, the same.
    Same,
    /// The user is being deleted, so nothing was stored.
    BeingDeleted,
}

/// Replaces what is known of a user. Items without a zone of their own follow the user's, so a
/// change of it makes them due.
pub async fn put(tx: &mut Tx, user: &User, now: Timestamp) -> Result<Put> {
    let before = match lock_row(tx, &user.user_id).await? {
        Some(LockedUser { deleting_since: Some(_), .. }) => return Ok(Put::BeingDeleted),
        Some(locked) => Some(locked.user),
        None => None,
    };
    if before.as_ref() == Some(user) {
        return Ok(Put::Same);
    }
    execute!(
        tx,
        "INSERT INTO users (user_id, email, name, time_zone, locale, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, name = excluded.name,
             time_zone = excluded.time_zone, locale = excluded.locale, updated_at = excluded.updated_at",
        &user.user_id,
        &user.email,
        &user.name,
        &user.time_zone,
        &user.locale,
        micros(now),
    )?;
    let zone_before = before.as_ref().and_then(|before| before.time_zone.as_ref());
    if before.is_some() && zone_before != user.time_zone.as_ref() {
        mappings::mark_all_due(tx, &user.user_id, now).await?;
    }
    Ok(if before.is_some() { Put::Changed } else { Put::Created })
}

/// Makes users known who are named by items, and keeps them from being deleted until the transaction
/// ends; answers those who are being deleted, for whom nothing may be stored. Users are locked
/// before items, and in order, like everywhere.
pub async fn ensure_exist(
    tx: &mut Tx,
    user_ids: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    let mut being_deleted = BTreeSet::new();
    let mut unlocked: Vec<&str> = user_ids.iter().copied().collect();
    for _ in 0..LOCKS_MAX {
        let locked = lock(tx, &unlocked).await?;
        unlocked.retain(|user_id| !locked.contains_key(*user_id));
        being_deleted.extend(
            locked.into_iter().filter_map(|(user_id, is_being_deleted)| is_being_deleted.then_some(user_id)),
        );
        if unlocked.is_empty() {
            return Ok(being_deleted);
        }
        insert_all(tx, &unlocked, now).await?;
    }
    Err(StoreError::Corrupt { table: "users", column: "user_id", id: unlocked.join(" ") })
}

/// Locks those of `user_ids`, in their order, who are known; answers whether each is being deleted.
pub async fn lock(tx: &mut Tx, user_ids: &[&str]) -> Result<BTreeMap<String, bool>> {
    let in_order = lock_in_order(tx.dialect());
    let mut held = BTreeMap::new();
    for batch in batches(user_ids) {
        let rows: Vec<(String, bool)> = on!(tx, |c| {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT user_id, deleting_since IS NOT NULL FROM users WHERE user_id IN (",
            );
            let mut list = query.separated(", ");
            for user_id in batch {
                list.push_bind(*user_id);
            }
            query.push(")").push(in_order);
            query.build_query_as().fetch_all(c).await
        })?;
        held.extend(rows);
    }
    Ok(held)
}

async fn insert_all(tx: &mut Tx, user_ids: &[&str], now: Timestamp) -> Result<()> {
    for batch in batches(user_ids) {
        execute_rows!(
            tx,
            "INSERT INTO users (user_id, created_at, updated_at) ",
            batch,
            |row, user_id| row.push_bind(*user_id).push_bind(micros(now)).push_bind(micros(now)),
            " ON CONFLICT (user_id) DO NOTHING",
        )?;
    }
    Ok(())
}

/// Reads a user and keeps them from being deleted until the transaction ends; none if there is no
/// such user, or they are being deleted.
pub async fn lock_active(tx: &mut Tx, user_id: &str) -> Result<Option<User>> {
    let locked = lock_row(tx, user_id).await?;
    Ok(locked.filter(|locked| locked.deleting_since.is_none()).map(|locked| locked.user))
}

/// Whether a user is being deleted.
pub async fn is_being_deleted(tx: &mut Tx, user_id: &str) -> Result<bool> {
    let sql = "SELECT deleting_since IS NOT NULL FROM users WHERE user_id = $1";
    let row = fetch_optional!(tx, (bool,), sql, user_id)?;
    Ok(row.is_some_and(|(is_being_deleted,)| is_being_deleted))
}

/// Reads a user.
pub async fn get(tx: &mut Tx, user_id: &str) -> Result<Option<User>> {
    let sql = "SELECT user_id, email, name, time_zone, locale FROM users WHERE user_id = $1";
    Ok(fetch_optional!(tx, User, sql, user_id)?)
}

row! {
    struct LockedUser {
        deleting_since: Option<i64>,
        ..
        user: User,
    }
}

/// Reads a user and keeps others from changing them until the transaction ends: an update that
/// changes nothing locks the row on both databases.
async fn lock_row(tx: &mut Tx, user_id: &str) -> Result<Option<LockedUser>> {
    let sql = "UPDATE users SET updated_at = updated_at WHERE user_id = $1
               RETURNING user_id, email, name, time_zone, locale, deleting_since";
    Ok(fetch_optional!(tx, LockedUser, sql, user_id)?)
}
