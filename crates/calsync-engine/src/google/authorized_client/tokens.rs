//! Fresh access tokens. A token is renewed when it is wanted, some minutes before its end, so that nobody's call
//! meets Google's 401; tokens that end together are renewed apart. A grant that nobody wants is used once in a
//! while all the same ([`crate::google::wake_idle`]), since Google ends those that lie idle for six months.

use std::sync::atomic::Ordering;
use std::time::Duration;

use calsync_core::env::bytes;
use calsync_core::integration::IntegrationState;
use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::clean_ups;
use calsync_store::integrations::{self, Grant, Integration, IntegrationWithTokens, Tokens};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Access, AuthorizedClient, Lane};
use crate::EngineError;
use crate::google::{CallError, Google};

/// An access token this near to its end is renewed first: longer than a pass and its last call take.
const RENEW_BEFORE_END_MIN: SignedDuration = SignedDuration::from_mins(2);
/// Tokens are renewed up to this much earlier, each at a moment of its own.
const RENEW_SPREAD: SignedDuration = SignedDuration::from_mins(3);
/// A grant is used at least this often, a sixth more or less: six months of rest would end it.
const GRANT_RESTS_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest life of an access token that is believed: 30 days.
const ACCESS_SECONDS_MAX: i64 = 30 * 24 * 3_600;
/// The longest life of a grant that is believed: a hundred years.
const GRANT_ENDS_SECONDS_MAX: i64 = 100 * 365 * 24 * 3_600;
/// Between two looks of a page at a refresh of somebody else's.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks after which a refresh takes longer than a call may.
const LOOKS_MAX: usize = 120;

impl AuthorizedClient {
    /// A token by what is stored now; not the one at version `stale`, which Google refused.
    pub(super) async fn acquire(&self, stale: Option<i64>) -> Result<Access, CallError> {
        if self.lane != Lane::Page {
            return self.acquire_now(stale).await;
        }
        let mut look = tokio::time::interval(LOOK_AGAIN);
        for _ in 0..LOOKS_MAX {
            look.tick().await;
            match self.acquire_now(stale).await {
                // Somebody else renews it at this moment.
                Err(CallError::PutOff { .. }) => {}
                found => return found,
            }
        }
        Err(CallError::Unauthorized(local_failure(Outcome::PutOff, Reason::GoogleSlow)))
    }

    async fn acquire_now(&self, stale: Option<i64>) -> Result<Access, CallError> {
        if !matches!(self.lane, Lane::Pass | Lane::Page) {
            return self.access(self.stored_tokens().await?, stale).await;
        }
        let store = self.google.store();
        let mut tx = store.read().await?;
        let loaded = integrations::load(&mut tx, store.keyring(), &self.integration_id).await?;
        drop(tx);
        let Some(IntegrationWithTokens { integration, tokens, .. }) = loaded else {
            return Err(unauthorized(Reason::NotConnected));
        };
        self.token_version.store(tokens.version, Ordering::Relaxed);
        match known_refusal(&integration) {
            Some(refusal) => Err(refusal),
            None => self.access(Some(tokens), stale).await,
        }
    }

    /// The tokens as they are stored: the connection's, or those of the consent to clean up.
    pub(crate) async fn stored_tokens(&self) -> Result<Option<Tokens>, EngineError> {
        let store = self.google.store();
        let mut tx = store.read().await?;
        Ok(match &self.lane {
            Lane::CleanUp(id) => clean_ups::tokens(&mut tx, store.keyring(), id).await?,
            _ => integrations::tokens(&mut tx, store.keyring(), &self.integration_id).await?,
        })
    }

    /// The access token among `tokens`, which were read just now, or the one that replaces it.
    pub(super) async fn access(
        &self,
        tokens: Option<Tokens>,
        stale: Option<i64>,
    ) -> Result<Access, CallError> {
        let Some(tokens) = tokens else { return Err(unauthorized(Reason::GrantUnknown)) };
        if tokens.are_unreadable() {
            return Err(unauthorized(Reason::TokenUnreadable));
        }
        let is_good = self.google.now() < renews_at(&self.integration_id, &tokens);
        let version = tokens.version;
        match (tokens.access, tokens.refresh) {
            (Some(Ok(token)), _) if is_good && stale != Some(version) => {
                Ok(Access { token, version, is_new: false })
            }
            (_, Some(Ok(refresh_token))) => self.refresh(version, &refresh_token).await,
            _ => Err(unauthorized(Reason::GrantUnknown)),
        }
    }
}

/// Why Google need not be asked for a token of `integration`.
pub(super) fn known_refusal(integration: &Integration) -> Option<CallError> {
    match (integration.state, integration.reason) {
        (IntegrationState::Disconnecting | IntegrationState::Disconnected, _) => {
            Some(unauthorized(Reason::NotConnected))
        }
        // Google said so before: it is not asked again.
        (IntegrationState::NeedsAction, Some(reason)) if is_over(reason) => Some(unauthorized(reason)),
        _ => None,
    }
}

/// There is no token, and Google isn't asked for one.
fn unauthorized(reason: Reason) -> CallError {
    CallError::Unauthorized(local_failure(Outcome::Refused, reason))
}

/// A failure that is none of Google's.
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

/// Whether `reason` says that a grant is over: only a new consent helps.
pub(crate) const fn is_over(reason: Reason) -> bool {
    matches!(reason, Reason::GrantRevoked | Reason::GrantExpired | Reason::GrantUnknown)
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
    google: &Google,
    tokens: &'a calsync_google::Tokens,
    asked_at: Timestamp,
) -> Grant<'a> {
    let in_seconds = |seconds: i64| {
        let span = SignedDuration::from_secs(seconds.clamp(0, GRANT_ENDS_SECONDS_MAX));
        asked_at.saturating_add(span).unwrap_or(asked_at)
    };
    let [chance] = bytes(google.entropy());
    let rests = GRANT_RESTS_MAX * 5 / 6 + share(GRANT_RESTS_MAX / 3, chance);
    Grant {
        access_token: &tokens.access_token,
        refresh_token: tokens.refresh_token.as_ref(),
        expires_at: in_seconds(tokens.expires_in_secs.min(ACCESS_SECONDS_MAX)),
        refresh_ends_at: tokens.refresh_token_expires_in_secs.map(in_seconds),
        refresh_due_at: asked_at.saturating_add(rests).unwrap_or(asked_at),
    }
}

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
