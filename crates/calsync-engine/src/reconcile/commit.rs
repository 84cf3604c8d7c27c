//! Judges a pass by its outcomes and stores everything in one transaction, under the lease:
//! mappings, attempts, and how the integration goes on.

use calsync_core::env::bytes;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::is_outage;
use calsync_core::reason::{Reaction, Reason};
use calsync_core::retry::{backoff, probe_backoff};
use calsync_google::Failure;
use calsync_store::integrations::Integration;
use calsync_store::leases;
use calsync_store::leases::passes::{PassLease, Release};
use calsync_store::mappings;
use calsync_store::mappings::UnreadableMapping;
use jiff::Timestamp;

use super::mapping::MappingResult;
use super::stop::Stop;
use crate::google::{AuthorizedClient, CallError, local_failure};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// What a pass leaves behind, gathered.
pub(super) struct PassResult<'a> {
    pub(super) engine: &'a Engine,
    pub(super) claimed: &'a PassLease,
    pub(super) integration: &'a Integration,
    pub(super) google: &'a AuthorizedClient,
    stop: &'a Stop,
    mappings: Vec<MappingResult>,
    unreadable: Vec<UnreadableMapping>,
    /// Whether a calendar of our own was left that is still to be looked at.
    has_old_calendars: bool,
}

impl<'a> PassResult<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        claimed: &'a PassLease,
        integration: &'a Integration,
        (google, stop): (&'a AuthorizedClient, &'a Stop),
    ) -> Self {
        Self {
            engine,
            claimed,
            integration,
            google,
            stop,
            mappings: Vec::new(),
            unreadable: Vec::new(),
            has_old_calendars: integration.leaves_own_calendar,
        }
    }

    pub(super) fn old_calendars_removed(&mut self) {
        self.has_old_calendars = false;
    }

    pub(super) fn add_mapping(&mut self, mapping: MappingResult) {
        self.mappings.push(mapping);
    }

    /// Parks mappings that can't be read, each with an attempt that names what can't be.
    pub(super) fn unreadable(&mut self, unreadable: Vec<UnreadableMapping>) {
        for one in &unreadable {
            tracing::error!(integration_id = self.integration.id, error = %one.error, "an item is parked");
            let kind = ItemKind::from_name(&one.kind);
            let item = kind.map(|kind| ItemKey { kind, id: one.item_id.clone() });
            let failure = Failure {
                provider_message: Some(one.error.to_string()),
                ..local_failure(Outcome::PutOff, Reason::ServiceFault)
            };
            self.google.journal.note(item.as_ref(), Operation::Update, Err(&failure));
        }
        self.unreadable.extend(unreadable);
    }

    /// As [`Self::commit`], after `work` that may have been kept from its calls.
    pub(super) async fn commit_after(self, work: Result<(), CallError>) -> Result<(), EngineError> {
        if let Err(error) = work {
            self.stop.set(error)?;
        }
        self.commit().await
    }

    /// Stores all of it and lets the lease go.
    pub(super) async fn commit(self) -> Result<(), EngineError> {
        let now = self.engine.now();
        let mappings: Vec<_> = self.mappings.iter().map(|mapping| (&mapping.due, mapping.end)).collect();
        let noted = self.google.journal.take();
        let stop = self.stop.take();
        let reaction = stop.failure.as_ref().map(|failure| failure.reason.info().reaction);
        let not_before = match (&stop.failure, reaction) {
            (_, Some(Reaction::StopIntegration | Reaction::PauseDeployment)) => None,
            (Some(failure), _) => Some(self.pause_until(failure, now)),
            (None, _) => stop.put_off_until.filter(|until| *until > now),
        };
        // It is due in its turn once the deployment's pause is over.
        let due_again = (reaction == Some(Reaction::PauseDeployment)).then_some(now);
        let look_at = match self.google.is_paused(Operation::DeleteCalendar) {
            true => self.google.looks_again_at(),
            false => now,
        };
        let release = Release {
            // A pause keeps the integration due, also when no mapping of its is.
            due_at: not_before.or(stop.put_off_until).or(due_again),
            idle_due_at: self.has_old_calendars.then_some(look_at),
            not_before,
            succeeded: noted.has_success(),
            failed: noted.has_failure(),
        };
        retrying_tx!(self.engine, |tx| {
            leases::passes::renew(tx, &self.claimed.lease).await?;
            mappings::finish(tx, &self.integration.id, &mappings, now).await?;
            mappings::park_unreadable(tx, &self.integration.id, &self.unreadable, now).await?;
            if let Some(failure) = &stop.failure {
                self.google.stop_connection(tx, failure.reason).await?;
            }
            leases::passes::release(tx, self.claimed, release, now).await?;
            self.google.journal.store(tx, &noted).await?;
        })
    }

    fn pause_until(&self, failure: &Failure, now: Timestamp) -> Timestamp {
        let failures = u32::try_from(self.integration.failures + 1).unwrap_or(u32::MAX);
        let [jitter] = bytes(self.engine.entropy());
        let (reason, retry_after) = (failure.reason, failure.retry_after);
        let wait = match is_outage(reason) {
            true => probe_backoff(failures, jitter, retry_after),
            false => backoff(reason, failures, jitter, retry_after),
        };
        now.saturating_add(wait).unwrap_or(now)
    }
}
