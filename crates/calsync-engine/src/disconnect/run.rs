//! One worker with one disconnect in hand. Before each call it makes sure of its lease for longer
//! than the call can take, and whatever it writes goes through that lease's fence.

use std::collections::BTreeSet;

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_core::env::bytes;
use calsync_core::integration::GOOGLE;
use calsync_core::reason::Reaction;
use calsync_core::retry;
use calsync_google::Failure;
use calsync_store::disconnects::{self, DisconnectStep, Pause, Saga, SagaLease};
use calsync_store::integrations::{self, Integration};
use calsync_store::mappings::{self, RemoteItem};
use calsync_store::{StoreError, Tx, clean_ups};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::notify;
use crate::journal::Journal;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a claimed disconnect is ours without a word.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A call takes its turn only with this much of the lease left: twice as long as the longest call.
const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(20);
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

/// Runs what stands behind `|tx|` in a transaction that only the holder of the lease gets, with what was
/// tried since the last one, and commits it.
macro_rules! held {
    ($run:expr, |$tx:ident| $work:expr) => {{
        let now = $run.now();
        let stored = $crate::transaction::retrying_tx!($run.engine, |$tx| {
            $run.hold($tx, now).await?;
            let value = $work;
            $run.journal.store($tx).await?;
            value
        });
        if stored.is_ok() {
            $run.journal.clear();
        }
        stored
    }};
}
pub(super) use held;

/// One run of a disconnect by a worker that holds its lease.
pub(super) struct DisconnectRun<'a> {
    pub(super) engine: &'a Engine,
    pub(super) saga: Saga,
    /// As it was when the disconnect began.
    pub(super) integration: Integration,
    /// An access token, once one was asked for, and whether it was renewed here.
    pub(super) access: Option<(SecretString, bool)>,
    /// What was tried; stored with the next transaction.
    pub(super) journal: Journal<'a>,
    lease: SagaLease,
}

impl<'a> DisconnectRun<'a> {
    /// Takes the disconnect into hand.
    pub(super) async fn take(engine: &'a Engine, mut lease: SagaLease) -> Result<Self, EngineError> {
        let now = engine.now();
        let (saga, integration) = retrying_tx!(engine, |tx| {
            disconnects::extend(tx, &mut lease, LEASE, now).await?;
            let missing = |column| StoreError::Corrupt {
                table: "disconnects",
                column,
                id: lease.disconnect_id.clone(),
            };
            let saga = disconnects::get(tx, &lease.disconnect_id).await?.ok_or_else(|| missing("id"))?;
            let integration = integrations::get(tx, &saga.integration_id).await?;
            let integration = saga.as_it_was(integration.ok_or_else(|| missing("integration_id"))?);
            (saga, integration)
        })?;
        let journal = Journal::new(engine, &integration);
        Ok(Self { engine, saga, integration, access: None, journal, lease })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// The beginning of a transaction that only the holder of the lease gets.
    pub(super) async fn hold(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), EngineError> {
        Ok(disconnects::extend(tx, &mut self.lease, LEASE, now).await?)
    }

    /// Makes sure that the lease outlasts a call that is sent now.
    pub(super) async fn before_a_call(&mut self) -> Result<(), EngineError> {
        if self.now() + LEASE_LEFT_MIN > self.lease.until_local {
            held!(self, |tx| {})?;
        }
        Ok(())
    }

    /// When the step in hand tries again after `failure`; none if it failed for good or too often.
    pub(super) fn later(&self, failure: &Failure) -> Option<StepResult> {
        let for_good = matches!(
            failure.reason.info().reaction,
            Reaction::StopIntegration | Reaction::Park | Reaction::None
        );
        if for_good || self.saga.tries >= TRIES_MAX {
            return None;
        }
        let [jitter] = bytes(self.engine.entropy());
        let tries = u32::try_from(self.saga.tries + 1).unwrap_or(u32::MAX);
        Some(self.wait(retry::backoff(failure.reason, tries, jitter, failure.retry_after), true))
    }

    pub(super) fn wait(&self, pause: SignedDuration, failed: bool) -> StepResult {
        let now = self.now();
        StepResult::Waits(Pause { due_at: now.saturating_add(pause).unwrap_or(now), failed })
    }

    /// What may be in a calendar still, as our rows tell, after `after`. A clean-up knows it from the
    /// list that the disconnect left: the mappings may be a later connection's.
    pub(super) async fn remaining_items(
        &self,
        calendar_id: &str,
        after: Option<&RemoteItem>,
        limit: i64,
    ) -> Result<Vec<RemoteItem>, EngineError> {
        let mut tx = self.engine.store().read().await?;
        Ok(if self.saga.clean_up_id.is_some() {
            disconnects::leftovers(&mut tx, &self.saga.id, Some(calendar_id), after, limit).await?
        } else {
            mappings::at_google(&mut tx, &self.integration.id, calendar_id, after, limit).await?
        })
    }

    /// How many items that are.
    pub(super) async fn count_remaining(&self, calendar_id: &str) -> Result<i64, EngineError> {
        let mut tx = self.engine.store().read().await?;
        Ok(if self.saga.clean_up_id.is_some() {
            disconnects::count_leftovers(&mut tx, &self.saga.id, Some(calendar_id)).await?
        } else {
            mappings::count_in_calendar(&mut tx, &self.integration.id, calendar_id).await?
        })
    }

    /// The calendars that may hold any.
    pub(super) async fn remaining_calendars(&self) -> Result<Vec<String>, EngineError> {
        let mut tx = self.engine.store().read().await?;
        Ok(if self.saga.clean_up_id.is_some() {
            disconnects::leftover_calendars(&mut tx, &self.saga.id).await?
        } else {
            mappings::calendars(&mut tx, &self.integration.id).await?
        })
    }

    /// The calendars that we made.
    pub(super) async fn own_calendars(&self) -> Result<BTreeSet<String>, EngineError> {
        let mut tx = self.engine.store().read().await?;
        Ok(integrations::own_calendars(&mut tx, &self.integration.id).await?)
    }

    /// Stores that items were removed.
    pub(super) async fn removed(&mut self, google_ids: &[String]) -> Result<(), EngineError> {
        let items = i64::try_from(google_ids.len()).unwrap_or(i64::MAX);
        held!(self, |tx| {
            for google_id in google_ids {
                mappings::mark_deleted(tx, &self.integration.id, google_id).await?;
                if self.saga.clean_up_id.is_some() {
                    disconnects::leftover_removed(tx, &self.saga.id, google_id).await?;
                }
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
