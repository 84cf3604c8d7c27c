//! Which sync errors belong together: a group's id is a fingerprint of what its errors share,
//! with everything that tells one item or user from another left out.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::item::ItemKind;
use crate::outcome::Operation;
use crate::reason::Reason;

/// Raised when the input changes, so that old groups stay what they were.
const VERSION: u8 = 1;

/// What the errors of a group share.
#[derive(Clone, Copy, Debug)]
pub struct FingerprintInput<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// What was tried.
    pub operation: Operation,
    /// The cause.
    pub reason: Reason,
    /// Google's status.
    pub http_status: Option<u16>,
    /// Google's own word for it.
    pub provider_reason: Option<&'a str>,
    /// The item's kind, if an item was concerned.
    pub kind: Option<ItemKind>,
}

/// The id of the group of `input`.
pub fn fingerprint(input: FingerprintInput<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update([VERSION]);
    let status = input.http_status.map(|status| status.to_string()).unwrap_or_default();
    for part in [
        input.provider,
        input.operation.name(),
        input.reason.name(),
        &status,
        input.provider_reason.unwrap_or_default(),
        input.kind.map(ItemKind::name).unwrap_or_default(),
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    HEXLOWER.encode(&hash.finalize()[..16])
}
