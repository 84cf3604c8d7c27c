//! Sign-ins of admins to the console. A browser holds a token of 256 random bits; only its hash is
//! kept. A sign-in ends when nobody used it for a while, at a fixed time, or by signing out, and
//! its admin's role is read anew each time.
//!
//! Tries are counted in a fixed number of buckets, so that guessing is slow and its record bounded.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::admins::{Admin, role};
use crate::db::{execute, fetch_optional};
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

/// How long an unused sign-in is good.
pub const IDLE: SignedDuration = SignedDuration::from_mins(60);
/// How long a sign-in is good at all.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// How often use is written down at most.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How long tries are counted together.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);

fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

fn before(now: Timestamp, by: SignedDuration) -> i64 {
    micros(now.saturating_sub(by).unwrap_or(now))
}

/// Keeps a sign-in known by `token`, and forgets those that are long over.
pub async fn begin(tx: &mut Tx, token: &str, admin_id: &str, now: Timestamp) -> Result<()> {
    execute!(tx, "DELETE FROM admin_sign_ins WHERE expires_at < $1", before(now, LONGEST))?;
    execute!(
        tx,
        "INSERT INTO admin_sign_ins (token_hash, admin_id, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $3, $4)",
        hash(token),
        admin_id,
        micros(now),
        micros(now.saturating_add(LONGEST).unwrap_or(now)),
    )?;
    Ok(())
}

/// A sign-in that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who signed in, with their role of this moment.
    pub admin: Admin,
    /// Whether its use is worth writing down: see [`seen`].
    pub is_to_be_seen: bool,
}

row! {
    struct Row {
        id: String,
        email: String,
        role: String,
        must_change_password: bool,
        last_seen_at: i64,
    }
}

/// The live sign-in known by `token`.
pub async fn find(tx: &mut Tx, token: &str, now: Timestamp) -> Result<Option<SignIn>> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT a.id, a.email, a.role, a.must_change_password, s.last_seen_at
         FROM admin_sign_ins s JOIN admins a ON a.id = s.admin_id
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.last_seen_at > $3",
        hash(token),
        micros(now),
        before(now, IDLE),
    )?;
    let read = |row: Row| {
        let role = role(&row.id, &row.role)?;
        let must_change_password = row.must_change_password;
        let admin = Admin { id: row.id, email: row.email, role, must_change_password };
        Ok(SignIn { admin, is_to_be_seen: row.last_seen_at < before(now, SEEN_EVERY) })
    };
    row.map(read).transpose()
}

/// Writes down that a sign-in was used.
pub async fn seen(tx: &mut Tx, token: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE admin_sign_ins SET last_seen_at = $2 WHERE token_hash = $1 AND last_seen_at < $2";
    execute!(tx, sql, hash(token), micros(now))?;
    Ok(())
}

/// Ends a sign-in.
pub async fn end(tx: &mut Tx, token: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE admin_sign_ins SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL";
    execute!(tx, sql, hash(token), micros(now))?;
    Ok(())
}

/// Ends every sign-in of an admin but the one known by `token`.
pub async fn end_others(tx: &mut Tx, admin_id: &str, token: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE admin_sign_ins SET revoked_at = $3
         WHERE admin_id = $1 AND token_hash <> $2 AND revoked_at IS NULL",
        admin_id,
        hash(token),
        micros(now),
    )?;
    Ok(())
}

/// A bucket of tries: 65,536 of each sort.
fn bucket(sort: &str, name: &str) -> String {
    let hash = hash(name);
    format!("{sort}:{}", hash.get(..4).unwrap_or_default())
}

row! {
    struct Tries {
        tries: i64,
    }
}

/// Counts a try of `sort` under `name` before its password is looked at, so that tries at once are
/// all counted; tells how many there were within the window, this one included.
pub async fn count_try(tx: &mut Tx, sort: &str, name: &str, now: Timestamp) -> Result<i64> {
    let row = fetch_optional!(
        tx,
        Tries,
        "INSERT INTO admin_sign_in_tries (bucket, tries, since) VALUES ($1, 1, $2)
         ON CONFLICT (bucket) DO UPDATE SET
             tries = CASE WHEN admin_sign_in_tries.since > $3 THEN admin_sign_in_tries.tries + 1 ELSE 1 END,
             since = CASE WHEN admin_sign_in_tries.since > $3 THEN admin_sign_in_tries.since ELSE $2 END
         RETURNING tries",
        bucket(sort, name),
        micros(now),
        before(now, WINDOW),
    )?;
    Ok(row.map_or(0, |row| row.tries))
}

/// Forgets the tries of `sort` under `name`: the right password came.
pub async fn forget_tries(tx: &mut Tx, sort: &str, name: &str) -> Result<()> {
    execute!(tx, "DELETE FROM admin_sign_in_tries WHERE bucket = $1", bucket(sort, name))?;
    Ok(())
}
