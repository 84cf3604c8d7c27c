//! One refresh, in one flight: claim the row, call, store where nothing changed meanwhile.
//!
//! While Google refuses our OAuth client or everybody's grant nobody is at fault but the deployment or Google: nothing
//! is marked, and only a probe asks. A disconnect claims nothing: its lease has the tokens to itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use calsync_core::env::bytes;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::{PROBE_EVERY, PauseScope};
use calsync_google::{GoogleClient, Tokens};
use calsync_store::integrations::{self, RefreshedBy};
use calsync_store::pauses::{self, Pause};
use calsync_store::{StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::tokens::{grant, is_over, local_failure};
use super::{Access, AuthorizedClient, Lane};
use crate::EngineError;
use crate::google::{CallError, lease_covers_call};
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
        let renewed = match self.lane {
            Lane::Pass | Lane::Probe | Lane::Page => self.refresh_by_claim(version, refresh_token).await,
            Lane::Disconnect | Lane::CleanUp(_) => self.refresh_by_lease(version, refresh_token).await,
        };
        match renewed {
            Err(CallError::Unauthorized(refused)) if is_over(refused.reason) => {
                Err(CallError::Unauthorized(Box::pin(self.judge(refused)).await?))
            }
            renewed => renewed,
        }
    }

    /// Of those who want it at once, one gets the claim and the others come back. What a refused grant means is
    /// for the caller to tell.
    pub(super) async fn refresh_by_claim(
        &self,
        version: i64,
        refresh_token: &SecretString,
    ) -> Result<Access, CallError> {
        let (google, id, asked_at) = (&self.google, &self.integration_id, self.google.now());
        let (pauses, held_by, claimed) = retrying_tx!(google, |tx| {
            let pauses = pauses::of_grants(tx, self.domain.as_deref()).await?;
            let held_by = self.held_by(tx, &pauses, asked_at).await?;
            let claimed =
                held_by.is_none() && integrations::claim_refresh(tx, id, version, CLAIM, asked_at).await?;
            (pauses, held_by, claimed)
        })?;
        if let Some(pause) = held_by {
            return Err(self.put_off(&pause));
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
                let new = self.store_renewed(version, &tokens, asked_at, &pauses).await?;
                new.ok_or_else(|| self.busy())
            }
            Err(CallError::Failed(failure)) => {
                retrying_tx!(google, |tx| integrations::release_refresh(tx, id, version).await?)?;
                Err(CallError::Unauthorized(failure))
            }
            // It waited for its turn until its claim was almost over.
            Err(_) => {
                retrying_tx!(google, |tx| integrations::release_refresh(tx, id, version).await?)?;
                Err(self.busy())
            }
        }
    }

    /// The pause that keeps this one from asking, if any of `pauses` does.
    async fn held_by(
        &self,
        tx: &mut Tx,
        pauses: &[Pause],
        now: Timestamp,
    ) -> Result<Option<Pause>, StoreError> {
        for pause in pauses.iter().filter(|pause| pause.stands(now)) {
            let may_try = match pause.scope {
                // The claim of a pass decided who tries.
                PauseScope::Client => self.lane == Lane::Probe,
                _ => pauses::take_probe(tx, pause, now).await?,
            };
            if !may_try {
                return Ok(Some(pause.clone()));
            }
        }
        Ok(None)
    }

    /// Nobody is asked while `pause` stands. Who waits at a page hears why; others come back after the next try.
    fn put_off(&self, pause: &Pause) -> CallError {
        if self.lane == Lane::Page {
            return CallError::Unauthorized(local_failure(Outcome::PutOff, pause.reason));
        }
        let [chance] = bytes(self.google.entropy());
        let until = pause.probe_at.unwrap_or_default().max(self.google.now());
        CallError::PutOff {
            until: until.saturating_add(PROBE_EVERY * i32::from(chance) / 255).unwrap_or(until),
        }
    }

    /// Stores what replaces the tokens at `version`; `None`: they are others by now, or nobody wants any more. That
    /// Google took the grant ends the `pauses` in which it took none.
    async fn store_renewed(
        &self,
        version: i64,
        tokens: &Tokens,
        asked_at: Timestamp,
        pauses: &[Pause],
    ) -> Result<Option<Access>, EngineError> {
        let (google, id) = (&self.google, &self.integration_id);
        let (grant, by) = (grant(google, tokens, asked_at), RefreshedBy::Sync);
        let is_stored = retrying_tx!(google, |tx| {
            let (store, now) = (google.store(), google.now());
            let is_stored = integrations::finish_refresh(store, tx, id, version, by, &grant, now).await?;
            if !is_stored {
                integrations::release_refresh(tx, id, version).await?;
            }
            for pause in pauses {
                if pauses::end(tx, pause).await? {
                    tracing::info!(scope = pause.scope.name(), "the pause is over: Google takes grants");
                }
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
