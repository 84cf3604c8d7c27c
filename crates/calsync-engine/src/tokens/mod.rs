//! Fresh access tokens, in one flight: whoever claims the row refreshes it, and the result is
//! stored only where the tokens are unchanged and the connection still wants them.
//!
//! A token is renewed when it is wanted, some minutes before its end, so that nobody's call meets
//! Google's 401; tokens that end together are renewed apart. A grant that nobody wants is used once
//! in a while all the same ([`idle`]), since Google ends those that lie idle for six months.

mod dead_grant;
mod idle;
mod page;
mod refresh;

use calsync_core::env::bytes;
use calsync_core::integration::IntegrationState;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::{Grant, Integration, Tokens};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::{Engine, EngineError};

pub use dead_grant::dead_grant;
pub(crate) use idle::wake_idle;
pub(crate) use page::call;

/// An access token this near to its end is renewed first: longer than a pass and its last call take.
pub(crate) const RENEW_BEFORE_END_MIN: SignedDuration = SignedDuration::from_mins(2);
/// Tokens are renewed up to this much earlier, each at a moment of its own.
const RENEW_SPREAD: SignedDuration = SignedDuration::from_mins(3);
/// A grant is used at least this often, a sixth more or less: six months of rest would end it.
const GRANT_RESTS_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A token to call Google with.
pub(crate) struct Access {
    pub(crate) token: SecretString,
    pub(crate) version: i64,
    /// Whether it was renewed just now, so that Google's "stale" means more.
    pub(crate) is_new: bool,
}

/// Why there is no token.
pub(crate) enum AccessError {
    /// Somebody else renews it at this moment.
    Busy,
    /// It can't be had, and why.
    Failed(Failure),
}

impl AccessError {
    /// Google isn't asked.
    fn local(reason: Reason) -> Self {
        Self::Failed(local_failure(Outcome::Refused, reason))
    }
}

pub(crate) const fn local_failure(outcome: Outcome, reason: Reason) -> Failure {
    Failure {
        outcome,
        reason,
        http_status: None,
        provider_reason: None,
        provider_message: None,
        retry_after: None,
    }
}

/// The operation that a failure here is recorded as.
pub(crate) const OPERATION: Operation = Operation::Refresh;

/// Whether `reason` says that a grant is over: only a new consent helps.
pub(crate) const fn is_over(reason: Reason) -> bool {
    matches!(reason, Reason::GrantRevoked | Reason::GrantExpired | Reason::GrantUnknown)
}

/// A token of `integration` that is good for a while, from `tokens` that were read just now.
pub(crate) async fn access(
    engine: &Engine,
    integration: &Integration,
    tokens: Option<Tokens>,
) -> Result<Result<Access, AccessError>, EngineError> {
    match (integration.state, integration.reason) {
        (IntegrationState::Disconnecting | IntegrationState::Disconnected, _) => {
            return Ok(Err(AccessError::local(Reason::NotConnected)));
        }
        // Google said so before: it is not asked again.
        (IntegrationState::NeedsAction, Some(reason)) if is_over(reason) => {
            return Ok(Err(AccessError::local(reason)));
        }
        _ => {}
    }
    let Some(tokens) = tokens else { return Ok(Err(AccessError::local(Reason::GrantUnknown))) };
    if tokens.are_unreadable() {
        return Ok(Err(AccessError::local(Reason::TokenUnreadable)));
    }
    let is_good = engine.now() < renews_at(&integration.id, &tokens);
    match (tokens.access, tokens.refresh) {
        (Some(Ok(token)), _) if is_good => Ok(Ok(Access { token, version: tokens.version, is_new: false })),
        (_, Some(Ok(refresh_token))) => {
            refresh::refresh(engine, &integration.id, tokens.version, &refresh_token).await
        }
        _ => Ok(Err(AccessError::local(Reason::GrantUnknown))),
    }
}

/// From when on the access token is renewed before it is used.
fn renews_at(id: &str, tokens: &Tokens) -> Timestamp {
    let Some(ends_at) = tokens.expires_at else { return Timestamp::UNIX_EPOCH };
    let spread = Sha256::digest(format!("{id} {}", tokens.version));
    let early = RENEW_BEFORE_END_MIN + share(RENEW_SPREAD, spread[0]);
    let renews_at = ends_at.saturating_sub(early).unwrap_or_default();
    tokens.refresh_due_at.map_or(renews_at, |due_at| renews_at.min(due_at))
}

/// What Google gave, asked at `asked_at`, as it is stored.
pub(crate) fn grant<'a>(
    engine: &Engine,
    tokens: &'a calsync_google::Tokens,
    asked_at: Timestamp,
) -> Grant<'a> {
    let in_seconds = |seconds: i64| {
        let span = SignedDuration::from_secs(seconds.clamp(0, GRANT_ENDS_SECONDS_MAX));
        asked_at.saturating_add(span).unwrap_or(asked_at)
    };
    let [chance] = bytes(engine.entropy());
    let rests = GRANT_RESTS_MAX * 5 / 6 + share(GRANT_RESTS_MAX / 3, chance);
    Grant {
        access_token: &tokens.access_token,
        refresh_token: tokens.refresh_token.as_ref(),
        expires_at: in_seconds(tokens.expires_in_secs.min(ACCESS_SECONDS_MAX)),
        refresh_ends_at: tokens.refresh_token_expires_in_secs.map(in_seconds),
        refresh_due_at: asked_at.saturating_add(rests).unwrap_or(asked_at),
    }
}

/// The longest life of an access token that is believed: 30 days.
const ACCESS_SECONDS_MAX: i64 = 30 * 24 * 3_600;
/// The longest life of a grant that is believed: a hundred years.
const GRANT_ENDS_SECONDS_MAX: i64 = 100 * 365 * 24 * 3_600;

/// From nothing to all of `whole`, as `byte` says.
fn share(whole: SignedDuration, byte: u8) -> SignedDuration {
    whole * i32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_end_together_are_renewed_apart_and_in_time() {
        let end: Timestamp = "2031-03-01T01:00:00Z".parse().expect("a time");
        let tokens =
            Tokens { access: None, refresh: None, expires_at: Some(end), refresh_due_at: None, version: 1 };
        let early =
            |id: usize| end.duration_since(renews_at(&format!("integration-{id}"), &tokens)).as_secs();
        let all: Vec<i64> = (0..1_000).map(early).collect();
        assert!(all.iter().all(|early| (120..=300).contains(early)));
        let (first, last) = (all.iter().max(), all.iter().min());
        assert!(first > Some(&290) && last < Some(&130), "{first:?} {last:?}");
    }
}
