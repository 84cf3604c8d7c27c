//! API keys. Only a hash is kept; a key has 256 random bits, so a plain hash is enough, and the
//! look-up by it tells nothing by its time.

use calsync_core::env::{Entropy, bytes};
use calsync_core::ids::new_id;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::db::{execute, fetch_optional};
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The platform API.
    Platform,
    /// The admin API, as an owner.
    Admin,
}

impl Scope {
    /// The name in the CLI and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Admin => "admin",
        }
    }
}

/// Who a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
}

row! {
    struct Row {
        id: String,
        name: String,
        scope: String,
    }
}

fn hash(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key.as_bytes()))
}

/// A new key's text; not stored yet.
pub fn generate(scope: Scope, entropy: &dyn Entropy) -> SecretString {
    let secret = BASE32_NOPAD.encode(&bytes::<32>(entropy)).to_ascii_lowercase();
    SecretString::from(format!("calsync_{}_{secret}", scope.name()))
}

/// Stores `key`, so that it opens `scope`.
pub async fn create(
    tx: &mut Tx,
    scope: Scope,
    name: &str,
    key: &SecretString,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO api_keys (id, name, scope, key_hash, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (key_hash) DO NOTHING",
        new_id(now, entropy),
        name,
        scope.name(),
        hash(key.expose_secret()),
        micros(now),
    )?;
    Ok(())
}

/// The live key whose text is `key`.
pub async fn find(tx: &mut Tx, key: &str) -> Result<Option<ApiKey>> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, name, scope FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL",
        hash(key),
    )?;
    let api_key = |row: Row| {
        let scope = if row.scope == Scope::Admin.name() { Scope::Admin } else { Scope::Platform };
        ApiKey { id: row.id, name: row.name, scope }
    };
    Ok(row.map(api_key))
}
