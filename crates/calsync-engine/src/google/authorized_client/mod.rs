//! Google in the name of one connection: the one way to call it.
//!
//! The token is renewed before the request takes its turn at the gate, and after a 401 once the request has left
//! it, so that nobody holds a permit while they wait for another. Whether a request may still be sent is asked when
//! its turn has come.

mod refresh;
mod refused_grant;
mod tokens;

pub(crate) use tokens::{grant, is_over, local_failure};

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use calsync_core::grant::workspace;
use calsync_core::item::ItemKey;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::PROBE_EVERY;
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{Failure, GoogleClient};
use calsync_store::Tx;
use calsync_store::integrations::{self, Integration, StopCause, Tokens};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::gate::{Account, MaySend};
use super::journal::Journal;
use super::{CallError, Google};
use crate::EngineError;
use crate::transaction::retrying_tx;
use tokens::known_refusal;

/// Tokens that one call may find refused: that one, and one that somebody else renewed meanwhile.
const STALE_TOKENS_MAX: usize = 2;

/// What the calls are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A pass. It comes back later where it would have to wait for somebody else's refresh.
    Pass,
    /// A pass that tries whether a pause of the deployment is over.
    Probe,
    /// Somebody waits at a page.
    Page,
    /// A disconnect, with the tokens of the connection that it ends.
    Disconnect,
    /// A disconnect that is carried on with the grant of this clean-up.
    CleanUp(String),
}

/// A token to call Google with.
#[derive(Clone)]
struct Access {
    token: SecretString,
    version: i64,
    /// Whether it was renewed just now, so that Google's 401 means that the grant is over.
    is_new: bool,
}

/// Google in the name of one connection.
pub(crate) struct AuthorizedClient {
    google: Google,
    lane: Lane,
    integration_id: String,
    /// The account's Workspace domain.
    domain: Option<String>,
    target_calendar_id: Option<String>,
    account: Account,
    client: GoogleClient,
    may_send: MaySend,
    /// What an admin paused.
    paused: Vec<Operation>,
    /// The token, or why there is none, once one was wanted.
    access: Mutex<Option<Result<Access, Failure>>>,
    /// Of the tokens that were read last.
    token_version: AtomicI64,
    /// What came of the calls.
    pub(crate) journal: Journal,
}

impl AuthorizedClient {
    /// A client whose requests are sent only while `may_send` says so when their turn has come.
    pub(crate) fn new(
        google: &Google,
        integration: &Integration,
        lane: Lane,
        may_send: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let key = integration.account_sub.as_ref().unwrap_or(&integration.id).clone();
        let account = Account { key, is_at_page: lane == Lane::Page };
        let may_send: MaySend = Arc::new(may_send);
        Self {
            google: google.clone(),
            journal: Journal::new(google, integration, lane == Lane::Probe),
            lane,
            integration_id: integration.id.clone(),
            domain: workspace(integration.account_domain.as_deref()).map(str::to_owned),
            target_calendar_id: integration.target_calendar_id.clone(),
            client: google.client_while(Some(account.clone()), may_send.clone()),
            account,
            may_send,
            paused: Vec::new(),
            access: Mutex::default(),
            token_version: AtomicI64::new(integration.token_version),
        }
    }

    /// The client of a caller that tries whether a pause is over.
    pub(crate) fn for_probe(self) -> Self {
        Self { journal: self.journal.of_probe(), ..self }
    }

    /// The client without the operations that an admin `paused`.
    pub(crate) fn without(self, paused: Vec<Operation>) -> Self {
        Self { paused, ..self }
    }

    /// Whether an admin paused `operation`.
    pub(crate) fn is_paused(&self, operation: Operation) -> bool {
        self.paused.contains(&operation)
    }

    /// When what an admin paused is looked at again.
    pub(crate) fn looks_again_at(&self) -> Timestamp {
        let now = self.google.now();
        now.saturating_add(PROBE_EVERY).unwrap_or(now)
    }

    /// Whether anything may still be sent.
    pub(crate) fn may_send(&self) -> bool {
        (self.may_send)()
    }

    /// How many requests the account has room for now.
    pub(crate) fn room(&self) -> usize {
        usize::try_from(self.google.0.gate.room(&self.account)).unwrap_or(usize::MAX)
    }

    /// From when on the account has room again: now, if it has.
    pub(crate) fn opens_at(&self) -> Timestamp {
        self.google.0.gate.opens_at(&self.account)
    }

    /// Gets a token for the calls that follow, from `tokens` that were read with `integration` just now.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) async fn authorize(&self, integration: &Integration, tokens: Tokens) -> Result<(), CallError> {
        let access = || async {
            match known_refusal(integration) {
                Some(refusal) => Err(refusal),
                None => self.access(Some(tokens), None).await,
            }
        };
        self.keep(None, access).await.map(drop)
    }

    /// Calls Google, and notes what came of it.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(crate) async fn call<T, Answer: Future<Output = Result<T, Failure>>>(
        &self,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<T, CallError> {
        let answer = self.send(None, operation, ask).await;
        self.note(None, operation, answer.as_ref().map(|_| Outcome::Done));
        answer
    }

    /// Calls Google for a caller who knows more of the outcome than the answer says, and notes it
    /// ([`Self::note`]). What is noted here is a refused token, before the call is sent again with a new one.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(crate) async fn send<T, Answer: Future<Output = Result<T, Failure>>>(
        &self,
        item: Option<&ItemKey>,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<T, CallError> {
        if self.is_paused(operation) {
            return Err(CallError::PutOff { until: self.looks_again_at() });
        }
        let mut access = self.keep(None, || self.acquire(None)).await?;
        let mut stale_tokens = 0;
        loop {
            match self.heard(operation, ask(self.client.clone(), access.token).await) {
                Err(CallError::Failed(failure))
                    if failure.is_stale_token() && !access.is_new && stale_tokens < STALE_TOKENS_MAX =>
                {
                    self.journal.note(item, operation, Err(&failure));
                    stale_tokens += 1;
                    let stale = Some(access.version);
                    access = self.keep(stale, || self.acquire(stale)).await?;
                }
                answer => return answer,
            }
        }
    }

    /// Calls Google's OAuth, which takes other credentials than the access token. The outcome is the caller's to note.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(crate) async fn send_to_oauth<T, Answer: Future<Output = Result<T, Failure>>>(
        &self,
        operation: Operation,
        ask: impl FnOnce(GoogleClient) -> Answer,
    ) -> Result<T, CallError> {
        self.heard(operation, ask(self.client.clone()).await)
    }

    /// Notes what came of a call. One that was not sent is no attempt.
    pub(crate) fn note(
        &self,
        item: Option<&ItemKey>,
        operation: Operation,
        answer: Result<Outcome, &CallError>,
    ) {
        match answer {
            Ok(outcome) => self.journal.note(item, operation, Ok(outcome)),
            Err(CallError::Failed(failure)) => self.journal.note(item, operation, Err(failure)),
            Err(CallError::PutOff { .. } | CallError::Unauthorized(_) | CallError::Engine(_)) => {}
        }
    }

    /// One call for somebody who waits at a page. Nobody stores it with what they do, so that is done here, with
    /// what it means for the connection.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(crate) async fn call_for_page<T, Answer: Future<Output = Result<T, Failure>>>(
        google: &Google,
        integration: &Integration,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<T, CallError> {
        let client = Self::new(google, integration, Lane::Page, || true);
        let answer = client.call(operation, ask).await;
        let noted = client.journal.take();
        if noted.is_empty() {
            return answer;
        }
        retrying_tx!(google, |tx| {
            if let Err(CallError::Unauthorized(failure) | CallError::Failed(failure)) = &answer {
                client.stop_connection(tx, failure.reason).await?;
            }
            client.journal.store(tx, &noted).await?;
        })?;
        answer
    }

    /// Stores that the connection waits for its user, where only they can mend `reason`, and where it still has
    /// the tokens and the calendar that met it.
    pub(crate) async fn stop_connection(&self, tx: &mut Tx, reason: Reason) -> Result<(), EngineError> {
        if reason.info().reaction == Reaction::StopIntegration {
            let token_version = self.token_version.load(Ordering::Relaxed);
            let cause = StopCause { reason, token_version, calendar_id: self.target_calendar_id.as_deref() };
            let (store, now) = (self.google.store(), self.google.now());
            integrations::needs_action(store, tx, &self.integration_id, cause, now).await?;
        }
        Ok(())
    }

    /// What Google's answer means for whoever called.
    fn heard<T>(&self, operation: Operation, answer: Result<T, Failure>) -> Result<T, CallError> {
        if answer.as_ref().is_err_and(Failure::is_put_off) {
            return Err(CallError::PutOff { until: self.opens_at() });
        }
        self.journal.observe(operation, answer.as_ref().map(|_| ()));
        answer.map_err(CallError::Failed)
    }

    /// The token that is kept here, unless it is the one of version `stale`; else the one that `acquire` gives, which
    /// is kept from then on. Of those who want one at the same time, one gets it and the others wait. Few calls want
    /// a new one: the box keeps the room for that out of all others.
    async fn keep<Acquiring: Future<Output = Result<Access, CallError>>>(
        &self,
        stale: Option<i64>,
        acquire: impl FnOnce() -> Acquiring,
    ) -> Result<Access, CallError> {
        let mut kept = self.access.lock().await;
        match &*kept {
            Some(Ok(access)) if Some(access.version) != stale => return Ok(access.clone()),
            Some(Err(failure)) => return Err(CallError::Unauthorized(failure.clone())),
            _ => {}
        }
        let access = Box::pin(acquire()).await;
        match &access {
            Ok(access) => *kept = Some(Ok(access.clone())),
            Err(CallError::Unauthorized(failure)) => {
                self.journal.note(None, Operation::Refresh, Err(failure));
                *kept = Some(Err(failure.clone()));
            }
            Err(_) => {}
        }
        access
    }
}
