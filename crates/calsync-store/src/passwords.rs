//! Passwords of admins: Argon2id with OWASP's parameters (19 MiB, 2 passes).
//!
//! Both functions take tens of milliseconds of a processor, so callers run them off the threads
//! that answer requests, a few at a time.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use calsync_core::env::{Entropy, bytes};
use data_encoding::BASE32_NOPAD;
use secrecy::{ExposeSecret, SecretString};

use crate::{Result, StoreError};

/// The shortest password that an admin may choose, in characters.
pub const LENGTH_MIN: usize = 12;
/// The longest one, in bytes: hashing takes time by length too.
pub const LENGTH_MAX: usize = 256;

/// What is compared with where there is no such admin, so that both take the same time.
pub const OF_NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The hash of a password, with its salt and parameters.
pub fn hash(password: &SecretString, entropy: &dyn Entropy) -> Result<String> {
    let unusable = |_| StoreError::Unusable("could not hash a password".into());
    let salt = SaltString::encode_b64(&bytes::<16>(entropy)).map_err(unusable)?;
    let hashed = argon2().hash_password(password.expose_secret().as_bytes(), &salt).map_err(unusable)?;
    Ok(hashed.to_string())
}

/// Whether `password` is the one that `hash` was made of.
pub fn is_right(password: &SecretString, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    argon2().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok()
}

/// A password to begin with, of 100 random bits, in groups that can be read aloud.
pub fn one_time(entropy: &dyn Entropy) -> SecretString {
    let letters = BASE32_NOPAD.encode(&bytes::<13>(entropy)).to_ascii_lowercase();
    let groups: Vec<&str> = [0..5, 5..10, 10..15, 15..20].into_iter().map(|at| &letters[at]).collect();
    SecretString::from(groups.join("-"))
}
