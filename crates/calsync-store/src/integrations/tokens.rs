//! Tokens. Their columns hold sealed values only; reading one opens it, and a value that doesn't
//! open is told apart from an absent one. A refresh is claimed, so that one happens at a time, and
//! stored only where nothing changed meanwhile.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::TABLE;
use super::grants::rotated;
use crate::db::{execute, fetch_optional};
use crate::dialect::lease_clock;
use crate::rows::row;
use crate::secrets::{Keyring, SecretAad, Unreadable};
use crate::time::{micros, time};
use crate::{Result, Store, StoreError, Tx};

/// The tokens of a grant.
pub struct Grant<'a> {
    /// The access token.
    pub access_token: &'a SecretString,
    /// The refresh token; absent: the one that is stored stays.
    pub refresh_token: Option<&'a SecretString>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the grant ends, where Google told it; absent: what was told before stays.
    pub refresh_ends_at: Option<Timestamp>,
    /// By when the grant is used again, wanted or not.
    pub refresh_due_at: Timestamp,
}

fn aad<'a>(column: &'static str, row: &'a str, user_id: &'a str) -> SecretAad<'a> {
    SecretAad { table: TABLE, column, row, user_id }
}

pub(super) async fn store_grant(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    user_id: &str,
    grant: &Grant<'_>,
    now: Timestamp,
) -> Result<()> {
    let seal = |column, secret| {
        let sealed = store.keyring().seal(aad(column, id, user_id), secret, store.entropy());
        sealed.ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))
    };
    let access = seal("access_token", grant.access_token)?;
    let refresh = grant.refresh_token.map(|token| seal("refresh_token", token)).transpose()?;
    execute!(
        tx,
        "UPDATE user_integrations SET access_token = $2, refresh_token = COALESCE($3, refresh_token),
             expires_at = $4, refresh_ends_at = COALESCE($5, refresh_ends_at), refresh_due_at = $6,
             refresh_used_at = $7, token_version = token_version + 1, refresh_claimed_until = NULL, updated_at = $7
         WHERE id = $1",
        id,
        access,
        refresh,
        micros(grant.expires_at),
        grant.refresh_ends_at.map(micros),
        micros(grant.refresh_due_at),
        micros(now),
    )?;
    Ok(())
}

/// An integration's tokens as they are stored: each may be absent, or unreadable.
pub struct Tokens {
    /// The access token.
    pub access: Option<std::result::Result<SecretString, Unreadable>>,
    /// The refresh token.
    pub refresh: Option<std::result::Result<SecretString, Unreadable>>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// By when the grant is used again, wanted or not.
    pub refresh_due_at: Option<Timestamp>,
    /// Raised with each change.
    pub version: i64,
}

impl Tokens {
    /// Whether any of them is damaged, moved, or sealed with a key that is missing: then the row was
    /// tampered with or lost, and the other one isn't trusted either.
    pub fn are_unreadable(&self) -> bool {
        [&self.access, &self.refresh].into_iter().any(|token| matches!(token, Some(Err(_))))
    }
}

row! {
    pub(super) struct TokenRow {
        user_id: String,
        access_token: Option<Vec<u8>>,
        refresh_token: Option<Vec<u8>>,
        expires_at: Option<i64>,
        refresh_due_at: Option<i64>,
        token_version: i64,
    }
}

impl TokenRow {
    pub(super) fn open(&self, keyring: &Keyring, id: &str) -> Tokens {
        let open = |column, sealed: &Option<Vec<u8>>| {
            sealed.as_ref().map(|sealed| keyring.open(aad(column, id, &self.user_id), sealed))
        };
        Tokens {
            access: open("access_token", &self.access_token),
            refresh: open("refresh_token", &self.refresh_token),
            expires_at: self.expires_at.map(time),
            refresh_due_at: self.refresh_due_at.map(time),
            version: self.token_version,
        }
    }
}

/// Opens an integration's tokens.
pub async fn tokens(tx: &mut Tx, keyring: &Keyring, id: &str) -> Result<Option<Tokens>> {
    let row = fetch_optional!(
        tx,
        TokenRow,
        "SELECT user_id, access_token, refresh_token, expires_at, refresh_due_at, token_version
         FROM user_integrations WHERE id = $1",
        id
    )?;
    Ok(row.map(|row| row.open(keyring, id)))
}

/// Claims the refresh of the tokens at `version` for `length`; false if somebody else has it, the
/// tokens changed, or the state wants no grant any more. A claim ends by the clock of leases.
pub async fn claim_refresh(
    tx: &mut Tx,
    id: &str,
    version: i64,
    length: SignedDuration,
    now: Timestamp,
) -> Result<bool> {
    let clock = lease_clock(tx, now).await?;
    let claimed = execute!(
        tx,
        "UPDATE user_integrations SET refresh_claimed_until = $3
         WHERE id = $1 AND token_version = $2 AND state IN ('active', 'connecting', 'needs_action')
           AND (refresh_claimed_until IS NULL OR refresh_claimed_until <= $4)",
        id,
        version,
        micros(clock.saturating_add(length).unwrap_or(clock)),
        micros(clock),
    )?;
    Ok(claimed == 1)
}

/// Who refreshes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshedBy {
    /// Whoever syncs, where the connection still stands.
    Sync,
    /// A disconnect for its own use, under its own lease.
    Disconnect,
}

/// Stores refreshed tokens where the version is unchanged and the state is one in which `by` wants them;
/// false: nothing was written.
pub async fn finish_refresh(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    version: i64,
    by: RefreshedBy,
    grant: &Grant<'_>,
    now: Timestamp,
) -> Result<bool> {
    let unchanged = fetch_optional!(
        tx,
        (String,),
        "UPDATE user_integrations SET updated_at = $3
         WHERE id = $1 AND token_version = $2 AND state <> 'disconnected' AND (state = 'disconnecting') = $4
         RETURNING user_id",
        id,
        version,
        micros(now),
        by == RefreshedBy::Disconnect,
    )?;
    let Some((user_id,)) = unchanged else { return Ok(false) };
    if grant.refresh_token.is_some() {
        rotated(tx, id, now).await?;
    }
    store_grant(store, tx, id, &user_id, grant, now).await?;
    Ok(true)
}

/// Lets others refresh, after a refresh that failed.
pub async fn release_refresh(tx: &mut Tx, id: &str, version: i64) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET refresh_claimed_until = NULL WHERE id = $1 AND token_version = $2",
        id,
        version,
    )?;
    Ok(())
}
