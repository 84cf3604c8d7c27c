//! Page and sync tokens: opaque to callers, positions to us.
//!
//! Both carry a hash of the parameters of the listing they belong to, and nothing secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use crate::api_error::ApiError;
use crate::query::Query;

/// Sync tokens, and `updatedMin`, reach back this far.
pub(crate) const HISTORY_KEPT: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Where the next sync begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncToken {
    /// Everything up to here has been seen.
    pub(crate) position: u64,
    /// The epoch of the caller's access to the listed collection.
    pub(crate) epoch: u64,
    pub(crate) issued_second: i64,
    pub(crate) parameters: u64,
}

impl SyncToken {
    pub(crate) fn encode(&self) -> String {
        let Self { position, epoch, issued_second, parameters } = self;
        URL_SAFE_NO_PAD.encode(format!("sync {position} {epoch} {issued_second} {parameters}"))
    }

    /// Reads a token: 400 when no listing ever gave it.
    pub(crate) fn decode(text: &str) -> Result<Self, ApiError> {
        let read = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let mut words = plain.strip_prefix("sync ")?.split(' ');
            Some(Self {
                position: words.next()?.parse().ok()?,
                epoch: words.next()?.parse().ok()?,
                issued_second: words.next()?.parse().ok()?,
                parameters: words.next()?.parse().ok()?,
            })
        };
        read().ok_or_else(|| ApiError::invalid_parameter("syncToken", "Invalid sync token value."))
    }

    /// 410 for a token that is too old, from before a change of access, or from a listing with other parameters.
    pub(crate) fn check(&self, epoch: u64, parameters: u64, now: Timestamp) -> Result<(), ApiError> {
        let too_old = now.as_second() - self.issued_second > HISTORY_KEPT.as_secs();
        if too_old || self.epoch != epoch || self.parameters != parameters {
            return Err(ApiError::full_sync_required());
        }
        Ok(())
    }
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageToken {
    pub(crate) cursor: Cursor,
    /// Where a sync after the last page begins: the position when the first page was read. What changes
    /// between pages comes again then; a deletion between pages comes nowhere else.
    pub(crate) sync_from: u64,
    pub(crate) parameters: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cursor {
    /// By last change: at this position, after so many of its items.
    Position(u64, usize),
    /// By a sort key: after this key.
    Key(i64, String),
}

impl PageToken {
    pub(crate) fn encode(&self) -> String {
        let Self { cursor, sync_from, parameters } = self;
        URL_SAFE_NO_PAD.encode(match cursor {
            Cursor::Position(position, skip) => format!("page {parameters} {sync_from} at {position} {skip}"),
            Cursor::Key(key, id) => format!("page {parameters} {sync_from} after {key} {id}"),
        })
    }

    /// Reads the query's token; 400 when it is of another listing.
    pub(crate) fn of(query: &Query, parameters: u64) -> Result<Option<Self>, ApiError> {
        let Some(text) = query.get("pageToken") else { return Ok(None) };
        match Self::decode(text) {
            Some(token) if token.parameters == parameters => Ok(Some(token)),
            _ => Err(ApiError::invalid_parameter("pageToken", "Invalid page token value.")),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let words: Vec<&str> = plain.splitn(6, ' ').collect();
        let ["page", parameters, sync_from, kind, first, second] = words.as_slice() else { return None };
        let cursor = match *kind {
            "at" => Cursor::Position(first.parse().ok()?, second.parse().ok()?),
            "after" => Cursor::Key(first.parse().ok()?, (*second).to_owned()),
            _ => return None,
        };
        Some(Self { cursor, sync_from: sync_from.parse().ok()?, parameters: parameters.parse().ok()? })
    }
}

/// A hash of a listing's parameters, in any order, but for those named.
pub(crate) fn parameters_hash(query: &Query, ignored: &[&str]) -> u64 {
    let mut pairs: Vec<&(String, String)> = query
        .pairs()
        .iter()
        .filter(|(name, value)| !ignored.contains(&name.as_str()) && !value.is_empty())
        .collect();
    pairs.sort();
    // FNV-1a: small, and the same on every machine and in every version.
    let bytes =
        pairs.iter().flat_map(|(name, value)| name.bytes().chain([0]).chain(value.bytes()).chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
