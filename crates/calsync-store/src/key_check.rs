//! Check values of the encryption keys: `meta` holds one for each key that may have encrypted something here.
//!
//! A store opens only with keys that open all of them, so that a wrong key is reported once at the
//! start, and not for every token. It says nothing of single values: those may be damaged still.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calsync_core::env::Entropy;
use secrecy::SecretString;

use crate::db::{execute, fetch_all};
use crate::secrets::{Keyring, SecretAad};
use crate::{Result, StoreError, Tx, meta};

/// Stands before the key's id in the name of its check value.
const PREFIX: &str = "encryption_key:";
/// What is sealed: opening it is all that counts.
const TEXT: &str = "calsync";

const fn aad(name: &str) -> SecretAad<'_> {
    SecretAad { table: "meta", column: "value", row: name, user_id: "" }
}

fn name(key_id: &str) -> String {
    format!("{PREFIX}{key_id}")
}

/// Refuses keys that don't open what this database's keys sealed; the current key becomes one of
/// them.
pub(crate) async fn check(tx: &mut Tx, keyring: &Keyring, entropy: &dyn Entropy) -> Result<()> {
    let known = fetch_all!(
        tx,
        (String, String),
        "SELECT key, value FROM meta WHERE substr(key, 1, 15) = 'encryption_key:' ORDER BY key",
    )?;
    for (name, value) in known {
        open(keyring, &name, &value)?;
    }
    let current = name(keyring.current_id());
    let sealed = keyring.seal(aad(&current), &SecretString::from(TEXT), entropy);
    let sealed = sealed.ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))?;
    // Another process may have written it first, and with another key.
    let kept = meta::get_or_set(tx, &current, &STANDARD.encode(sealed)).await?;
    open(keyring, &current, &kept)
}

/// Forgets every key but the current one: nothing is sealed with them any more.
pub(crate) async fn retire(tx: &mut Tx, keyring: &Keyring) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM meta WHERE substr(key, 1, 15) = 'encryption_key:' AND key <> $1",
        name(keyring.current_id()),
    )?;
    Ok(())
}

fn open(keyring: &Keyring, name: &str, value: &str) -> Result<()> {
    let sealed = STANDARD.decode(value).unwrap_or_default();
    match keyring.open(aad(name), &sealed) {
        Ok(_) => Ok(()),
        Err(_) => Err(refusal(keyring, name)),
    }
}

fn refusal(keyring: &Keyring, name: &str) -> StoreError {
    let id = name.strip_prefix(PREFIX).unwrap_or(name);
    let given = keyring.ids().collect::<Vec<_>>().join(", ");
    StoreError::WrongKeys(if keyring.ids().any(|one| one == id) {
        format!(
            "the key {id} is not the one that sealed this database's secrets (keys given: {given}). Give the right \
             one. If it is right and only its check value is damaged, delete the row {name} of the table meta and \
             start again"
        )
    } else {
        format!(
            "the key {id} is missing, and this database's secrets are sealed with it (keys given: {given}). Give it \
             too, behind the others. If it is lost for good, so are its secrets: delete the row {name} of the table \
             meta and start again; users whose tokens can't be opened connect anew"
        )
    })
}
