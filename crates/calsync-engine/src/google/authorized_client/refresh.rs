//! One refresh, in one flight: claim the row, call, store where nothing changed meanwhile.
//!
//! While Google refuses our OAuth client nobody is at fault but the deployment: nothing is marked, and only a
//! probe asks. A disconnect claims nothing: its lease has the tokens to itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use calsync_google::{Failure, GoogleClient, Tokens};
use calsync_store::integrations::{self, RefreshedBy};
use calsync_store::{Tx, pauses};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::tokens::{grant, local_failure};
use super::{Access, AuthorizedClient, Lane};
use crate::EngineError;
use crate::google::{CallError, Google, lease_covers_call};
use crate::transaction::retrying_tx;

/// How long a claim to refresh stands, should its holder die: longer than the longest call.
const CLAIM: SignedDuration = SignedDuration::from_secs(45);
/// How soon a pass comes back that found somebody else at it.
const SOON: SignedDuration = SignedDuration::from_secs(1);

impl AuthorizedClient {
    /// A new access token for the tokens at `version`.
    pub(super) async fn refresh(
        &self,
        version: i64,
        refresh_token: &SecretString,
    ) -> Result<Access, CallError> {
        match self.lane {
            Lane::Pass | Lane::Probe | Lane::Page => self.refresh_by_claim(version, refresh_token).await,
            Lane::Disconnect | Lane::CleanUp(_) => self.refresh_by_lease(version, refresh_token).await,
        }
    }

    /// Of those who want it at once, one gets the claim and the others come back.
    async fn refresh_by_claim(
        &self,
        version: i64,
        refresh_token: &SecretString,
    ) -> Result<Access, CallError> {
        let (google, id, asked_at) = (&self.google, &self.integration_id, self.google.now());
        let (is_refused, claimed) = retrying_tx!(google, |tx| {
            let is_refused = self.lane != Lane::Probe && is_client_refused(tx).await?;
            let claimed =
                !is_refused && integrations::claim_refresh(tx, id, version, CLAIM, asked_at).await?;
            (is_refused, claimed)
        })?;
        if is_refused {
            let failure = local_failure(Outcome::PutOff, Reason::ClientInvalid);
            return Err(CallError::Unauthorized(failure));
        }
        if !claimed {
            return Err(self.busy());
        }
        let clock = google.clone();
        let in_time = move || lease_covers_call(clock.now(), asked_at + CLAIM);
        let client = google.client_while(None, Arc::new(in_time));
        match self.heard(Operation::Refresh, client.refresh(refresh_token).await) {
            Ok(tokens) => {
                self.journal.note(None, Operation::Refresh, Ok(Outcome::Done));
                let new = self.store_renewed(version, &tokens, asked_at).await?;
                new.ok_or_else(|| self.busy())
            }
            Err(CallError::Failed(failure)) => {
                let failure =
                    retrying_tx!(google, |tx| give_up(google, tx, (id, version), &failure).await?)?;
                Err(CallError::Unauthorized(failure))
            }
            // It waited for its turn until its claim was almost over.
            Err(_) => {
                retrying_tx!(google, |tx| integrations::release_refresh(tx, id, version).await?)?;
                Err(self.busy())
            }
        }
    }

    /// Stores what replaces the tokens at `version`; `None`: they are others by now, or nobody wants any more.
    async fn store_renewed(
        &self,
        version: i64,
        tokens: &Tokens,
        asked_at: Timestamp,
    ) -> Result<Option<Access>, EngineError> {
        let (google, id) = (&self.google, &self.integration_id);
        let (grant, by) = (grant(google, tokens, asked_at), RefreshedBy::Sync);
        let is_stored = retrying_tx!(google, |tx| {
            let (store, now) = (google.store(), google.now());
            let is_stored = integrations::finish_refresh(store, tx, id, version, by, &grant, now).await?;
            if !is_stored {
                integrations::release_refresh(tx, id, version).await?;
            }
            is_stored
        })?;
        Ok(is_stored.then(|| self.renewed(version, tokens)))
    }

    /// What the steps that follow need is kept; the grant of a clean-up is used as it is.
    async fn refresh_by_lease(
        &self,
        version: i64,
        refresh_token: &SecretString,
    ) -> Result<Access, CallError> {
        let (google, id, asked_at) = (&self.google, &self.integration_id, self.google.now());
        let ask = |client: GoogleClient| async move { client.refresh(refresh_token).await };
        let answer = self.send_to_oauth(Operation::Refresh, ask).await;
        let tokens = answer.map_err(|error| match error {
            CallError::Failed(failure) => CallError::Unauthorized(failure),
            other => other,
        })?;
        self.journal.note(None, Operation::Refresh, Ok(Outcome::Done));
        if self.lane == Lane::Disconnect {
            let (store, by) = (google.store(), RefreshedBy::Disconnect);
            let grant = grant(google, &tokens, asked_at);
            retrying_tx!(google, |tx| {
                integrations::finish_refresh(store, tx, id, version, by, &grant, asked_at).await?
            })?;
        }
        Ok(self.renewed(version, &tokens))
    }

    fn renewed(&self, version: i64, tokens: &Tokens) -> Access {
        let version = version + 1;
        self.token_version.store(version, Ordering::Relaxed);
        Access { token: tokens.access_token.clone(), version, is_new: true }
    }

    /// Somebody else renews the token at this moment.
    fn busy(&self) -> CallError {
        let now = self.google.now();
        CallError::PutOff { until: now.saturating_add(SOON).unwrap_or(now) }
    }
}

/// Lets others refresh after `failure`, and names its cause.
async fn give_up(
    google: &Google,
    tx: &mut Tx,
    (id, version): (&str, i64),
    failure: &Failure,
) -> Result<Failure, EngineError> {
    integrations::release_refresh(tx, id, version).await?;
    if failure.reason != Reason::GrantUnknown {
        return Ok(failure.clone());
    }
    // Google names no cause. Our own dates and counts may show one.
    let grant = integrations::dead_grant(tx, id, google.client().client_id(), google.now()).await?;
    Ok(Failure { reason: grant.cause().reason(), ..failure.clone() })
}

async fn is_client_refused(tx: &mut Tx) -> Result<bool, EngineError> {
    Ok(pauses::all(tx).await?.iter().any(|pause| pause.scope == PauseScope::Client))
}
