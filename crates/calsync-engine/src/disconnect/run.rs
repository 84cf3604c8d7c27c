//! One worker with one disconnect in hand. Before each call it makes sure of its lease for longer
//! than the call can take, and whatever it writes goes through that lease's fence.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_core::env::bytes;
use calsync_core::integration::GOOGLE;
use calsync_core::outcome::Operation;
use calsync_core::reason::Reaction;
use calsync_core::retry;
use calsync_google::{EventPage, Failure, GoogleClient, ListQuery};
use calsync_store::disconnects::{self, DisconnectStep, Pause, Saga};
use calsync_store::integrations::{self, Integration};
use calsync_store::leases::{self, Lease};
use calsync_store::{StoreError, Tx, clean_ups};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::notify;
use super::removal_source::RemovalSource;
use crate::google::{AuthorizedClient, CallError, Lane, lease_covers_call};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a claimed disconnect is ours without a word.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The lease is extended before a call once this much of it is left: twice as much as the call needs.
const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(24);
/// Failures in a row after which a step ends without success: about two hours of pauses.
const TRIES_MAX: i64 = 30;

/// The result of a step.
pub(super) enum StepResult {
    /// It ended.
    Ended(StepOutcome, String),
    /// It goes on later.
    Waits(Pause),
}

impl StepResult {
    pub(super) fn done(receipt: impl Into<String>) -> Self {
        Self::Ended(StepOutcome::Done, receipt.into())
    }

    pub(super) fn already_so(receipt: impl Into<String>) -> Self {
        Self::Ended(StepOutcome::AlreadySo, receipt.into())
    }

    pub(super) fn could_not(receipt: impl Into<String>) -> Self {
        Self::Ended(StepOutcome::CouldNot, receipt.into())
    }

    pub(super) fn skipped(receipt: impl Into<String>) -> Self {
        Self::Ended(StepOutcome::Skipped, receipt.into())
    }
}

/// What a call that brought nothing does to a step.
pub(super) enum AfterError {
    /// It goes on later.
    Waits(Pause),
    /// It ends without success, for this.
    Ends(Failure),
}

/// Runs what stands behind `|tx|` in a transaction that only the holder of the lease gets, with what was
/// tried since the last one, and commits it.
macro_rules! held {
    ($run:expr, |$tx:ident| $work:expr) => {{
        let now = $run.now();
        let noted = $run.google.journal.take();
        $crate::transaction::retrying_tx!($run.engine, |$tx| {
            $run.hold($tx, now).await?;
            let value = $work;
            $run.google.journal.store($tx, &noted).await?;
            value
        })
    }};
}
/// One run of a disconnect by a worker that holds its lease.
pub(super) struct DisconnectRun<'a> {
    pub(super) engine: &'a Engine,
    pub(super) saga: Saga,
    /// As it was when the disconnect began.
    pub(super) integration: Integration,
    /// What may be in the calendars still.
    pub(super) source: RemovalSource,
    /// What is noted here is stored with the next transaction.
    pub(super) google: AuthorizedClient,
    lease: Lease,
    /// Until when the lease stands, for whoever waits for a call's turn.
    lease_until: Arc<AtomicI64>,
}

impl<'a> DisconnectRun<'a> {
    /// Takes the disconnect into hand.
    pub(super) async fn take(engine: &'a Engine, mut lease: Lease) -> Result<Self, EngineError> {
        let now = engine.now();
        let (saga, integration) = retrying_tx!(engine, |tx| {
            leases::disconnects::extend(tx, &mut lease, LEASE, now).await?;
            let missing = |column| StoreError::Corrupt { table: "disconnects", column, id: lease.id.clone() };
            let saga = disconnects::get(tx, &lease.id).await?.ok_or_else(|| missing("id"))?;
            let integration = integrations::get(tx, &saga.integration_id).await?;
            let integration = saga.as_it_was(integration.ok_or_else(|| missing("integration_id"))?);
            (saga, integration)
        })?;
        let lease_until = Arc::new(AtomicI64::new(lease.until_local.as_microsecond()));
        let lane = saga.clean_up_id.clone().map_or(Lane::Disconnect, Lane::CleanUp);
        let google = AuthorizedClient::new(engine.google(), &integration, lane, {
            let (engine, lease_until) = (engine.clone(), lease_until.clone());
            move || {
                let until = Timestamp::from_microsecond(lease_until.load(Ordering::Relaxed));
                until.is_ok_and(|until| lease_covers_call(engine.now(), until))
            }
        });
        let google = if lease.is_probe { google.for_probe() } else { google };
        let source = RemovalSource::of(engine.store(), &saga);
        Ok(Self { engine, saga, integration, source, google, lease, lease_until })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// The beginning of a transaction that only the holder of the lease gets.
    pub(super) async fn hold(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), EngineError> {
        leases::disconnects::extend(tx, &mut self.lease, LEASE, now).await?;
        self.lease_until.store(self.lease.until_local.as_microsecond(), Ordering::Relaxed);
        Ok(())
    }

    /// Calls Google under the lease.
    pub(super) async fn call<T, Answer: Future<Output = Result<T, Failure>>>(
        &mut self,
        operation: Operation,
        ask: impl Fn(GoogleClient, SecretString) -> Answer,
    ) -> Result<T, CallError> {
        self.before_a_call().await?;
        self.google.call(operation, ask).await
    }

    /// One page of a calendar's events.
    pub(super) async fn list(
        &mut self,
        calendar_id: &str,
        query: &ListQuery,
    ) -> Result<EventPage, CallError> {
        self.call(Operation::List, |google, token| async move {
            google.list_events(&token, calendar_id, query).await
        })
        .await
    }

    /// Makes sure that the lease outlasts a call that is sent now.
    pub(super) async fn before_a_call(&mut self) -> Result<(), EngineError> {
        if self.now() + LEASE_LEFT_MIN > self.lease.until_local {
            held!(self, |tx| {})?;
        }
        Ok(())
    }

    /// What `error` does to the step in hand.
    ///
    /// # Errors
    /// If it is the engine's.
    pub(super) fn after_error(&self, error: CallError) -> Result<AfterError, EngineError> {
        match error {
            CallError::PutOff { until } => Ok(AfterError::Waits(Pause { due_at: until, failed: false })),
            CallError::Unauthorized(failure) | CallError::Failed(failure) => {
                Ok(self.later(&failure).map_or(AfterError::Ends(failure), AfterError::Waits))
            }
            CallError::Engine(error) => Err(error),
        }
    }

    /// When the step in hand tries again after `failure`; none if it failed for good or too often.
    fn later(&self, failure: &Failure) -> Option<Pause> {
        let for_good = matches!(
            failure.reason.info().reaction,
            Reaction::StopIntegration | Reaction::Park | Reaction::None
        );
        if for_good || self.saga.tries >= TRIES_MAX {
            return None;
        }
        let [jitter] = bytes(self.engine.entropy());
        let tries = u32::try_from(self.saga.tries + 1).unwrap_or(u32::MAX);
        let pause = retry::backoff(failure.reason, tries, jitter, failure.retry_after);
        Some(Pause { due_at: self.in_a_while(pause), failed: true })
    }

    /// The step in hand goes on after `pause`.
    pub(super) fn wait(&self, pause: SignedDuration) -> StepResult {
        StepResult::Waits(Pause { due_at: self.in_a_while(pause), failed: false })
    }

    fn in_a_while(&self, pause: SignedDuration) -> Timestamp {
        self.now().saturating_add(pause).unwrap_or(self.now())
    }

    /// Stores that items were removed.
    pub(super) async fn removed(&mut self, google_ids: &[String]) -> Result<(), EngineError> {
        let items = i64::try_from(google_ids.len()).unwrap_or(i64::MAX);
        held!(self, |tx| {
            for google_id in google_ids {
                self.source.removed(tx, google_id).await?;
            }
            disconnects::count_removed(tx, &self.lease, items).await?;
        })?;
        (self.saga.removed, self.saga.tries) = (self.saga.removed + items, 0);
        Ok(())
    }

    /// Stores the end of a step.
    pub(super) async fn end_step(
        &mut self,
        name: StepName,
        outcome: StepOutcome,
        receipt: String,
    ) -> Result<(), EngineError> {
        let step = self.step(name, outcome, receipt);
        held!(self, |tx| {
            disconnects::end_step(tx, &self.lease, &step).await?;
            match (name, outcome) {
                (StepName::RemoveItems, StepOutcome::Done | StepOutcome::AlreadySo) => {
                    disconnects::nothing_left(tx, &self.saga.id).await?;
                }
                (StepName::RemoveItems, StepOutcome::CouldNot) if self.saga.clean_up_id.is_none() => {
                    disconnects::keep_leftovers(tx, &self.saga).await?;
                }
                _ => {}
            }
        })?;
        self.saga.open.remove(&name);
        self.saga.steps.retain(|earlier| earlier.name != name);
        self.saga.steps.push(step);
        self.saga.tries = 0;
        Ok(())
    }

    /// A step that ended now. A clean-up says that it was one: its receipt follows the earlier one.
    fn step(&self, name: StepName, outcome: StepOutcome, receipt: String) -> DisconnectStep {
        let receipt = match self.saga.clean_up_id {
            Some(_) => format!("At the clean-up: {receipt}"),
            None => receipt,
        };
        DisconnectStep { name, outcome, receipt, at: self.now() }
    }

    /// Releases the disconnect until it is due again.
    pub(super) async fn pause(mut self, pause: Pause) -> Result<(), EngineError> {
        held!(self, |tx| disconnects::pause(tx, &self.lease, pause).await?)
    }

    /// Wipes the tokens and ends the disconnect, in one transaction.
    pub(super) async fn wipe(mut self, nothing_left: bool) -> Result<(), EngineError> {
        let now = self.now();
        let receipt = match self.saga.clean_up_id {
            Some(_) => "The tokens of the consent are erased.",
            None => "Our copy of the tokens is erased, and nothing syncs any more.",
        };
        let step = self.step(StepName::Wipe, StepOutcome::Done, receipt.to_owned());
        let state = SagaState::after(self.saga.steps.iter().map(|step| step.outcome));
        let removes = self.saga.remote_items == RemoteItems::Remove && self.saga.provider == GOOGLE;
        held!(self, |tx| {
            let (store, id, epoch) = (self.engine.store(), &self.integration.id, self.integration.epoch);
            disconnects::wipe(store, tx, id, epoch, nothing_left, now).await?;
            if let Some(clean_up_id) = &self.saga.clean_up_id {
                clean_ups::end(tx, clean_up_id, None, now).await?;
            }
            disconnects::end_step(tx, &self.lease, &step).await?;
            disconnects::finish(tx, &self.lease, state, now).await?;
            notify::finished(self.engine, tx, &self.saga, &step, state).await?;
            if removes && state == SagaState::Done {
                disconnects::settle_earlier(tx, &self.saga).await?;
            }
        })?;
        self.engine.hint_webhooks();
        Ok(())
    }
}
