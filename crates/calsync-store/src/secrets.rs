//! Sealed values: XChaCha20-Poly1305, bound to the row that they stand in. A value that was
//! changed, or moved to another row, column or user, doesn't open.
//!
//! Layout: version 1, length of the key's id, the id, 24 bytes of nonce, ciphertext with tag.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calsync_core::env::{Entropy, bytes};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use thiserror::Error;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub struct SecretAad<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's id.
    pub row: &'a str,
    /// The user whose row it is.
    pub user_id: &'a str,
}

impl SecretAad<'_> {
    fn associated_data(&self, key_id: &str) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [key_id, self.table, self.column, self.row, self.user_id] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// Why a sealed value doesn't open. It says nothing of what is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("could not decrypt the value: it is damaged, was moved, or its key is missing")]
pub struct Unreadable;

/// Why a list of keys can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// There is no key.
    #[error("security.encryption_keys needs at least one key, as id:base64 of 32 bytes")]
    Empty,
    /// One entry is not a key.
    #[error(
        "security.encryption_keys: entry {0} must be id:base64 of 32 bytes, the id 1 to 32 of a-z, 0-9 and -"
    )]
    Entry(usize),
    /// Two keys have the same id.
    #[error("security.encryption_keys: duplicate key id {0:?}")]
    Twice(String),
}

struct Key {
    id: String,
    bytes: SecretBox<[u8; KEY_BYTES]>,
}

/// The keys; the first one seals, all of them open.
pub struct Keyring(Vec<Key>);

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keyring {
    /// Reads keys written as `id:base64(32 bytes)`.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let key = parse_key(entry.trim()).ok_or(KeyringError::Entry(index + 1))?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyringError::Twice(key.id));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self(keys))
    }

    /// A new key, written as [`Keyring::parse`] reads it.
    pub fn generate(id: &str, entropy: &dyn Entropy) -> String {
        format!("{id}:{}", STANDARD.encode(bytes::<KEY_BYTES>(entropy)))
    }

    /// Seals `secret` into `aad` with the current key.
    pub fn seal(&self, aad: SecretAad<'_>, secret: &SecretString, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        let key = self.0.first()?;
        let nonce = bytes::<NONCE_BYTES>(entropy);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &aad.associated_data(&key.id) };
        let ciphertext = key.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        let mut sealed = vec![VERSION, u8::try_from(key.id.len()).ok()?];
        sealed.extend_from_slice(key.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Some(sealed)
    }

    /// Opens what was sealed into `aad`.
    pub fn open(&self, aad: SecretAad<'_>, sealed: &[u8]) -> Result<SecretString, Unreadable> {
        let Parts { key_id, nonce, ciphertext } = parts(sealed).ok_or(Unreadable)?;
        let key = self.0.iter().find(|key| key.id.as_bytes() == key_id).ok_or(Unreadable)?;
        let payload = Payload { msg: ciphertext, aad: &aad.associated_data(&key.id) };
        let opened = key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unreadable)?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| Unreadable)
    }

    /// What was sealed into `aad`, sealed with the current key; `None` if it is already.
    pub fn reseal(
        &self,
        aad: SecretAad<'_>,
        sealed: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Option<Vec<u8>>, Unreadable> {
        let secret = self.open(aad, sealed)?;
        if parts(sealed).is_some_and(|parts| parts.key_id == self.current_id().as_bytes()) {
            return Ok(None);
        }
        self.seal(aad, &secret, entropy).map(Some).ok_or(Unreadable)
    }

    /// The id of the key that seals.
    pub fn current_id(&self) -> &str {
        self.ids().next().unwrap_or_default()
    }

    /// The ids of all keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }
}

/// What a sealed value is made of.
struct Parts<'a> {
    key_id: &'a [u8],
    nonce: &'a [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

fn parts(sealed: &[u8]) -> Option<Parts<'_>> {
    let rest = sealed.strip_prefix(&[VERSION])?;
    let (id_length, rest) = rest.split_first()?;
    let (key_id, rest) = rest.split_at_checked(usize::from(*id_length))?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
    Some(Parts { key_id, nonce, ciphertext })
}

impl Key {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes.expose_secret().into())
    }
}

fn parse_key(entry: &str) -> Option<Key> {
    let (id, encoded) = entry.split_once(':')?;
    let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let bytes: [u8; KEY_BYTES] = STANDARD.decode(encoded).ok()?.try_into().ok()?;
    ((1..=32).contains(&id.len()) && plain)
        .then(|| Key { id: id.to_owned(), bytes: SecretBox::new(Box::new(bytes)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from(index % 251).expect("below 251");
            }
        }
    }

    fn aad<'a>(row: &'a str, user_id: &'a str) -> SecretAad<'a> {
        SecretAad { table: "user_integrations", column: "refresh_token", row, user_id }
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed_and_untouched() {
        let keys = Keyring::parse([Keyring::generate("k1", &Counting).as_str()]).expect("a keyring");
        let sealed = keys.seal(aad("r", "u"), &"token".into(), &Counting).expect("sealed");
        assert_eq!(keys.open(aad("r", "u"), &sealed).expect("opens").expose_secret(), "token");
        assert!(keys.open(aad("r2", "u"), &sealed).is_err());
        assert!(keys.open(aad("r", "u2"), &sealed).is_err());
        assert!(keys.open(SecretAad { column: "access_token", ..aad("r", "u") }, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(keys.open(aad("r", "u"), &flipped).is_err(), "byte {at}");
            assert!(keys.open(aad("r", "u"), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn keys_are_checked() {
        assert_eq!(Keyring::parse([]).expect_err("empty"), KeyringError::Empty);
        assert_eq!(Keyring::parse(["a:AAAA"]).expect_err("short"), KeyringError::Entry(1));
        let key = Keyring::generate("a", &Counting);
        assert_eq!(
            Keyring::parse([key.as_str(), key.as_str()]).expect_err("twice"),
            KeyringError::Twice("a".into())
        );
    }
}
