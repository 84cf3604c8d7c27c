//! The hash of several texts, each with its length, so that no two lists of them run together.

use sha2::{Digest, Sha256};

/// The hash, to be ended or to be continued.
pub(crate) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Sha256 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash
}
