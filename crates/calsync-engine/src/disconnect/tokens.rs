//! The tokens of a connection that ends. A renewed access token is used and forgotten: nothing is
//! written back.

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_google::{EventPage, Failure, GoogleClient, ListQuery};
use calsync_store::clean_ups;
use calsync_store::integrations::{self, Tokens};
use jiff::SignedDuration;
use secrecy::SecretString;

use super::carrier::Carrier;
use crate::EngineError;

/// An access token this near to its end is renewed first.
const RENEW_BEFORE_END: SignedDuration = SignedDuration::from_secs(120);

/// Why Google can't be called.
pub(super) enum NoToken {
    /// We hold none.
    Absent,
    /// The one that we hold can't be opened.
    Unreadable,
    /// Google doesn't take it, or could not be asked.
    Failed(Failure),
}

/// Whether `failure` says that the grant is over.
pub(super) fn is_over(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::GrantRevoked | Reason::GrantExpired | Reason::GrantUnknown)
}

impl Carrier<'_> {
    /// The tokens as they are stored: the connection's, or those of the consent to clean up.
    pub(super) async fn tokens(&self) -> Result<Tokens, EngineError> {
        let mut tx = self.engine.store().read().await?;
        let keyring = self.engine.store().keyring();
        let tokens = match &self.saga.clean_up_id {
            Some(clean_up_id) => clean_ups::tokens(&mut tx, keyring, clean_up_id).await?,
            None => integrations::tokens(&mut tx, keyring, &self.integration.id).await?,
        };
        Ok(tokens.unwrap_or(Tokens { access: None, refresh: None, expires_at: None, version: 0 }))
    }

    /// A token to call with.
    async fn access(&mut self) -> Result<Result<SecretString, NoToken>, EngineError> {
        if let Some((token, _)) = &self.access {
            return Ok(Ok(token.clone()));
        }
        let tokens = self.tokens().await?;
        let is_good = tokens.expires_at.is_some_and(|end| end > self.now() + RENEW_BEFORE_END);
        if let (true, Some(Ok(token))) = (is_good, &tokens.access) {
            self.access = Some((token.clone(), false));
            return Ok(Ok(token.clone()));
        }
        match (tokens.refresh, tokens.access) {
            (Some(Ok(refresh_token)), _) => self.renew(&refresh_token).await,
            (Some(Err(_)), _) | (None, Some(Err(_))) => Ok(Err(NoToken::Unreadable)),
            (None, _) => Ok(Err(NoToken::Absent)),
        }
    }

    async fn renew(
        &mut self,
        refresh_token: &SecretString,
    ) -> Result<Result<SecretString, NoToken>, EngineError> {
        self.before_a_call().await?;
        let answer = self.engine.google().refresh(refresh_token).await;
        self.journal.note(None, Operation::Refresh, answer.as_ref().map(|_| Outcome::Done));
        Ok(match answer {
            Ok(tokens) => {
                self.access = Some((tokens.access_token.clone(), true));
                Ok(tokens.access_token)
            }
            Err(failure) => Err(NoToken::Failed(failure)),
        })
    }

    /// Calls Google, with a token that is renewed once if Google doesn't take it.
    pub(super) async fn call<T, Answer: Future<Output = Result<T, Failure>>>(
        &mut self,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<Result<T, NoToken>, EngineError> {
        loop {
            let token = match self.access().await? {
                Ok(token) => token,
                Err(why) => return Ok(Err(why)),
            };
            self.before_a_call().await?;
            let answer = {
                let _permit = self.engine.calls().acquire().await;
                ask(self.engine.google().clone(), token).await
            };
            match answer {
                Ok(answer) => {
                    self.journal.note(None, operation, Ok(Outcome::Done));
                    return Ok(Ok(answer));
                }
                Err(failure) if failure.is_stale_token() && self.renew_stale().await? => {}
                Err(failure) => {
                    self.journal.note(None, operation, Err(&failure));
                    return Ok(Err(NoToken::Failed(failure)));
                }
            }
        }
    }

    /// One page of a calendar's events.
    pub(super) async fn list(
        &mut self,
        calendar_id: &str,
        query: &ListQuery,
    ) -> Result<Result<EventPage, NoToken>, EngineError> {
        self.call(Operation::List, |google, token| async move {
            google.list_events(&token, calendar_id, query).await
        })
        .await
    }

    /// After Google refused the access token: whether another try makes sense. One that was renewed
    /// here is refused because the grant is over.
    pub(super) async fn renew_stale(&mut self) -> Result<bool, EngineError> {
        let was_renewed = self.access.take().is_some_and(|(_, renewed)| renewed);
        let Some(Ok(refresh_token)) = self.tokens().await?.refresh.filter(|_| !was_renewed) else {
            return Ok(false);
        };
        // Why it fails shows when the token is asked for again.
        Ok(self.renew(&refresh_token).await?.is_ok())
    }
}
