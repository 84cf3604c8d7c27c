//! Ids of our own rows: UUIDv7, so that they sort by time. They name things and never grant
//! anything: secrets come from [`crate::env::Entropy`] alone.

use jiff::Timestamp;
use uuid::Uuid;

use crate::env::{Entropy, bytes};

/// A new id for something made at `now`.
pub fn new_id(now: Timestamp, entropy: &dyn Entropy) -> String {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes::<10>(entropy)).into_uuid().to_string()
}

/// The first id of those made at `time` or later.
pub fn first_id_at(time: Timestamp) -> String {
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string()
}

/// Whether `text` could be an id made by [`new_id`].
pub fn is_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}
