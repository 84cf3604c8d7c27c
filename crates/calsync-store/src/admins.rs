//! Admins: who may sign in to the console, and as what.
//!
//! Mail addresses are kept in lower case, passwords as Argon2id hashes (see [`crate::passwords`]).
//! A password that somebody else made is good for one thing: choosing one's own.

use jiff::Timestamp;

use crate::db::{execute, fetch_optional};
use crate::rows::row;
use crate::time::micros;
use crate::{Result, StoreError, Tx};

/// What an admin may do; each may do all that stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// May force the disconnect of one user.
    Support,
    /// May act on many users at once.
    Operator,
    /// May add admins and keys.
    Owner,
}

impl Role {
    /// All roles, from the least.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Support, Self::Operator, Self::Owner];

    /// The name in SQL, JSON and the CLI.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// The one called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Our id.
    pub id: String,
    /// The mail address, in lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether their password is not their own yet.
    pub must_change_password: bool,
}

row! {
    struct Row {
        id: String,
        email: String,
        role: String,
        must_change_password: bool,
        password_hash: String,
    }
}

/// A mail address as it is kept and looked up.
pub fn canonical(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(crate) fn role(id: &str, name: &str) -> Result<Role> {
    Role::from_name(name).ok_or_else(|| StoreError::corrupt("admins", "role", id))
}

/// Adds an admin whose password is to be changed at once; false if the address is taken.
pub async fn add(tx: &mut Tx, admin: &Admin, password_hash: &str, now: Timestamp) -> Result<bool> {
    let added = execute!(
        tx,
        "INSERT INTO admins (id, email, role, password_hash, must_change_password, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (email) DO NOTHING",
        &admin.id,
        canonical(&admin.email),
        admin.role.name(),
        password_hash,
        admin.must_change_password,
        micros(now),
    )?;
    Ok(added == 1)
}

/// The admin with a mail address, and the hash of their password.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(Admin, String)>> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, email, role, must_change_password, password_hash FROM admins WHERE email = $1",
        canonical(email),
    )?;
    let read = |row: Row| {
        let role = role(&row.id, &row.role)?;
        let must_change_password = row.must_change_password;
        Ok((Admin { id: row.id, email: row.email, role, must_change_password }, row.password_hash))
    };
    row.map(read).transpose()
}

/// The mail address of an admin, to name them by.
pub async fn email_of(tx: &mut Tx, id: &str) -> Result<Option<String>> {
    let row = fetch_optional!(tx, (String,), "SELECT email FROM admins WHERE id = $1", id)?;
    Ok(row.map(|(email,)| email))
}

/// Keeps a new password. Whoever set it for themselves need not change it again.
pub async fn set_password(
    tx: &mut Tx,
    id: &str,
    password_hash: &str,
    must_change: bool,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE admins SET password_hash = $2, must_change_password = $3, updated_at = $4 WHERE id = $1",
        id,
        password_hash,
        must_change,
        micros(now),
    )?;
    Ok(())
}
