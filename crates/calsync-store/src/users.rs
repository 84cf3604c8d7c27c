//! The platform's users.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::db::{execute, fetch_optional};
use crate::rows::{execute_rows, runs};
use crate::time::micros;
use crate::{Result, Tx, mappings};

/// What the platform says of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
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

/// Whether a PUT made something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there.
    Created,
    /// It was there with other values.
    Changed,
    /// It was there, the same.
    Same,
}

/// Replaces what is known of a user. Items without a zone of their own follow the user's, so a
/// change of it makes them due.
pub async fn put(tx: &mut Tx, user: &User, now: Timestamp) -> Result<Put> {
    let before = lock(tx, &user.user_id).await?;
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
        mappings::touch_all(tx, &user.user_id, now).await?;
    }
    Ok(if before.is_some() { Put::Changed } else { Put::Created })
}

/// Makes sure that a user named by an item is known.
pub async fn ensure(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    ensure_all(tx, &[user_id], now).await
}

/// Makes sure that users, in the order of their ids, are known.
pub(crate) async fn ensure_all(tx: &mut Tx, user_ids: &[&str], now: Timestamp) -> Result<()> {
    for run in runs(user_ids) {
        execute_rows!(
            tx,
            "INSERT INTO users (user_id, created_at, updated_at) ",
            run,
            |row, user_id| row.push_bind(*user_id).push_bind(micros(now)).push_bind(micros(now)),
            " ON CONFLICT (user_id) DO NOTHING",
        )?;
    }
    Ok(())
}

/// Reads a user.
pub async fn get(tx: &mut Tx, user_id: &str) -> Result<Option<User>> {
    let sql = "SELECT user_id, email, name, time_zone, locale FROM users WHERE user_id = $1";
    Ok(fetch_optional!(tx, User, sql, user_id)?)
}

/// Reads a user and keeps others from changing them until the transaction ends: an update that
/// changes nothing locks the row on both databases.
async fn lock(tx: &mut Tx, user_id: &str) -> Result<Option<User>> {
    let sql = "UPDATE users SET updated_at = updated_at WHERE user_id = $1
               RETURNING user_id, email, name, time_zone, locale";
    Ok(fetch_optional!(tx, User, sql, user_id)?)
}
