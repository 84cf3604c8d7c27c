//! Fresh access tokens, in one flight: whoever claims the row refreshes it, and the result is
//! stored only where the tokens are unchanged and the connection still wants them.

use calsync_core::integration::IntegrationState;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::{self, Grant, Integration, Tokens};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{Engine, EngineError};

/// An access token this near to its end is renewed first: a call with it could come too late.
const RENEW_BEFORE_END: SignedDuration = SignedDuration::from_secs(120);
/// How long a claim to refresh stands, should its holder die: longer than the longest call.
const CLAIM: SignedDuration = SignedDuration::from_secs(45);

/// A token to call Google with.
pub(crate) struct Access {
    pub(crate) token: SecretString,
    pub(crate) version: i64,
    /// Whether it was renewed just now, so that Google's "stale" means more.
    pub(crate) is_new: bool,
}

/// Why there is no token.
pub(crate) enum NoAccess {
    /// Somebody else renews it at this moment.
    Busy,
    /// It can't be had, and why.
    Failed(Failure),
}

impl NoAccess {
    fn ours(reason: Reason) -> Self {
        Self::Failed(Failure {
            outcome: Outcome::Refused,
            reason,
            http_status: None,
            provider_reason: None,
            provider_message: None,
            retry_after: None,
        })
    }
}

/// The operation that a failure here is recorded as.
pub(crate) const OPERATION: Operation = Operation::Refresh;

/// A token of `integration` that is good for a while.
pub(crate) async fn access(
    engine: &Engine,
    integration: &Integration,
) -> Result<Result<Access, NoAccess>, EngineError> {
    let mut tx = engine.store().read().await?;
    let tokens = integrations::tokens(&mut tx, engine.store().keyring(), &integration.id).await?;
    drop(tx);
    access_with(engine, integration, tokens).await
}

/// As [`access`], from `tokens` that were read just now.
pub(crate) async fn access_with(
    engine: &Engine,
    integration: &Integration,
    tokens: Option<Tokens>,
) -> Result<Result<Access, NoAccess>, EngineError> {
    if matches!(integration.state, IntegrationState::Disconnecting | IntegrationState::Disconnected) {
        return Ok(Err(NoAccess::ours(Reason::NotConnected)));
    }
    let now = engine.now();
    let Some(tokens) = tokens else { return Ok(Err(NoAccess::ours(Reason::GrantUnknown))) };
    if tokens.expires_at.is_some_and(|end| end > now + RENEW_BEFORE_END) {
        match tokens.access {
            Some(Ok(token)) => return Ok(Ok(Access { token, version: tokens.version, is_new: false })),
            Some(Err(_)) => return Ok(Err(NoAccess::ours(Reason::TokenUnreadable))),
            None => {}
        }
    }
    match tokens.refresh {
        Some(Ok(refresh_token)) => refresh(engine, &integration.id, tokens.version, &refresh_token).await,
        Some(Err(_)) => Ok(Err(NoAccess::ours(Reason::TokenUnreadable))),
        None => Ok(Err(NoAccess::ours(Reason::GrantUnknown))),
    }
}

async fn refresh(
    engine: &Engine,
    id: &str,
    version: i64,
    refresh_token: &SecretString,
) -> Result<Result<Access, NoAccess>, EngineError> {
    let now = engine.now();
    let mut tx = engine.store().begin().await?;
    let claimed = integrations::claim_refresh(&mut tx, id, version, now + CLAIM, now).await?;
    tx.commit().await?;
    if !claimed {
        return Ok(Err(NoAccess::Busy));
    }
    let answer = engine.google().refresh(refresh_token).await;
    let mut tx = engine.store().begin().await?;
    let result = match answer {
        Ok(tokens) => {
            let grant = Grant {
                access_token: &tokens.access_token,
                refresh_token: tokens.refresh_token.as_ref(),
                expires_at: end_of(now, tokens.expires_in_secs),
            };
            let stored =
                integrations::finish_refresh(engine.store(), &mut tx, id, version, &grant, engine.now())
                    .await?;
            let access = Access { token: tokens.access_token, version: version + 1, is_new: true };
            if stored {
                Ok(access)
            } else {
                integrations::release_refresh(&mut tx, id, version).await?;
                Err(NoAccess::Busy)
            }
        }
        Err(failure) => {
            integrations::release_refresh(&mut tx, id, version).await?;
            Err(NoAccess::Failed(failure))
        }
    };
    tx.commit().await?;
    Ok(result)
}

/// When a token that lives `seconds` from `now` ends.
pub(crate) fn end_of(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds.clamp(0, 30 * 24 * 3_600))).unwrap_or(now)
}
