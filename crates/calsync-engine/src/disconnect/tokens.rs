//! The tokens of a connection that ends. Nobody else refreshes them any more, so the holder of the
//! lease does; what comes of it is kept under that lease until the wipe, for the steps that follow.
//! The short grant of a clean-up is used as it is.

use calsync_core::outcome::{Operation, Outcome};
use calsync_google::{EventPage, Failure, GoogleClient, ListQuery};
use calsync_store::clean_ups;
use calsync_store::integrations::{self, RefreshedBy, Tokens};
use secrecy::SecretString;

use super::run::{DisconnectRun, held};
use crate::EngineError;
use crate::tokens::{self, RENEW_BEFORE_END_MIN};

/// Why Google can't be called.
pub(super) enum CallError {
    /// We hold none.
    Absent,
    /// The one that we hold can't be opened.
    Unreadable,
    /// Google doesn't take it, or could not be asked.
    Failed(Failure),
}

/// Whether `failure` says that the grant is over.
pub(super) fn is_over(failure: &Failure) -> bool {
    tokens::is_over(failure.reason)
}

impl DisconnectRun<'_> {
    /// The tokens as they are stored: the connection's, or those of the consent to clean up.
    pub(super) async fn tokens(&self) -> Result<Tokens, EngineError> {
        let mut tx = self.engine.store().read().await?;
        let keyring = self.engine.store().keyring();
        let tokens = match &self.saga.clean_up_id {
            Some(clean_up_id) => clean_ups::tokens(&mut tx, keyring, clean_up_id).await?,
            None => integrations::tokens(&mut tx, keyring, &self.integration.id).await?,
        };
        let none = Tokens { access: None, refresh: None, expires_at: None, refresh_due_at: None, version: 0 };
        Ok(tokens.unwrap_or(none))
    }

    /// A token to call with.
    async fn access(&mut self) -> Result<Result<SecretString, CallError>, EngineError> {
        if let Some((token, _)) = &self.access {
            return Ok(Ok(token.clone()));
        }
        let tokens = self.tokens().await?;
        if tokens.are_unreadable() {
            return Ok(Err(CallError::Unreadable));
        }
        let is_good = tokens.expires_at.is_some_and(|end| end > self.now() + RENEW_BEFORE_END_MIN);
        match (tokens.access, tokens.refresh) {
            (Some(Ok(token)), _) if is_good => {
                self.access = Some((token.clone(), false));
                Ok(Ok(token))
            }
            (_, Some(Ok(refresh_token))) => self.renew(&refresh_token, tokens.version).await,
            _ => Ok(Err(CallError::Absent)),
        }
    }

    async fn renew(
        &mut self,
        refresh_token: &SecretString,
        version: i64,
    ) -> Result<Result<SecretString, CallError>, EngineError> {
        self.before_a_call().await?;
        let (engine, asked_at) = (self.engine, self.now());
        let answer = engine.google().refresh(refresh_token).await;
        self.journal.note(None, Operation::Refresh, answer.as_ref().map(|_| Outcome::Done));
        let renewed = match answer {
            Ok(renewed) => renewed,
            Err(failure) => return Ok(Err(CallError::Failed(failure))),
        };
        if self.saga.clean_up_id.is_none() {
            let (grant, id) = (tokens::grant(engine, &renewed, asked_at), self.integration.id.clone());
            let (store, by) = (engine.store(), RefreshedBy::Disconnect);
            held!(self, |tx| {
                integrations::finish_refresh(store, tx, &id, version, by, &grant, asked_at).await?;
            })?;
        }
        self.access = Some((renewed.access_token.clone(), true));
        Ok(Ok(renewed.access_token))
    }

    /// Calls Google, with a token that is renewed once if Google doesn't take it.
    pub(super) async fn call<T, Answer: Future<Output = Result<T, Failure>>>(
        &mut self,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<Result<T, CallError>, EngineError> {
        loop {
            let token = match self.access().await? {
                Ok(token) => token,
                Err(why) => return Ok(Err(why)),
            };
            self.before_a_call().await?;
            match ask(self.engine.google().clone(), token).await {
                Ok(answer) => {
                    self.journal.note(None, operation, Ok(Outcome::Done));
                    return Ok(Ok(answer));
                }
                Err(failure) if failure.is_stale_token() && self.renew_stale().await? => {}
                Err(failure) => {
                    self.journal.note(None, operation, Err(&failure));
                    return Ok(Err(CallError::Failed(failure)));
                }
            }
        }
    }

    /// One page of a calendar's events.
    pub(super) async fn list(
        &mut self,
        calendar_id: &str,
        query: &ListQuery,
    ) -> Result<Result<EventPage, CallError>, EngineError> {
        self.call(Operation::List, |google, token| async move {
            google.list_events(&token, calendar_id, query).await
        })
        .await
    }

    /// After Google refused the access token: whether another try makes sense. One that was renewed
    /// here is refused because the grant is over.
    pub(super) async fn renew_stale(&mut self) -> Result<bool, EngineError> {
        let was_renewed = self.access.take().is_some_and(|(_, renewed)| renewed);
        let tokens = self.tokens().await?;
        let Some(Ok(refresh_token)) = tokens.refresh.filter(|_| !was_renewed) else { return Ok(false) };
        // Why it fails shows when the token is asked for again.
        Ok(self.renew(&refresh_token, tokens.version).await?.is_ok())
    }
}
