//! Judges a pass by its outcomes and stores everything in one transaction, under the lease:
//! mappings, attempts, and how the integration goes on.

use calsync_core::env::bytes;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_core::retry::backoff;
use calsync_google::Failure;
use calsync_store::integrations::{self, Integration, StopCause};
use calsync_store::leases::{self, Lease, Release};
use calsync_store::mappings::UnreadablePair;
use calsync_store::{Tx, mappings};
use jiff::{SignedDuration, Timestamp};

use super::integration_failure::{IntegrationFailure, IntegrationReaction};
use super::mapping::{Call, MappingResult};
use crate::journal::Journal;
use crate::tokens::{Access, local_failure};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How soon a pass comes back that only had to wait for somebody else.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// What a pass leaves behind, gathered.
pub(super) struct PassResult<'a> {
    engine: &'a Engine,
    lease: &'a Lease,
    integration: &'a Integration,
    pub(super) journal: Journal<'a>,
    mappings: Vec<MappingResult>,
    unreadable: Vec<UnreadablePair>,
    failure: Option<IntegrationFailure>,
    not_before: Option<Timestamp>,
    /// Whether a calendar of our own was left that is still to be looked at.
    has_old_calendars: bool,
}

impl<'a> PassResult<'a> {
    pub(super) fn new(engine: &'a Engine, lease: &'a Lease, integration: &'a Integration) -> Self {
        Self {
            engine,
            lease,
            integration,
            journal: Journal::new(engine, integration),
            mappings: Vec::new(),
            unreadable: Vec::new(),
            failure: None,
            not_before: None,
            has_old_calendars: integration.leaves_own_calendar,
        }
    }

    /// Notes the answer to a call; one that was not sent is no attempt.
    pub(super) fn note<T>(&mut self, operation: Operation, answer: Result<T, Failure>) -> Result<T, Failure> {
        if !answer.as_ref().is_err_and(Failure::is_put_off) {
            self.journal.note(None, operation, answer.as_ref().map(|_| Outcome::Done));
        }
        answer
    }

    pub(super) fn old_calendars_removed(&mut self) {
        self.has_old_calendars = false;
    }

    pub(super) fn reschedule_soon(&mut self) {
        self.not_before = self.engine.now().saturating_add(SOON).ok();
    }

    pub(super) fn set_failure(&mut self, failure: IntegrationFailure) {
        self.failure.get_or_insert(failure);
    }

    pub(super) fn add_mapping(&mut self, mut mapping: MappingResult) {
        for Call { operation, answer } in std::mem::take(&mut mapping.calls) {
            self.journal.note(Some(&mapping.due.item.key), operation, answer.as_ref().copied());
        }
        self.mappings.push(mapping);
    }

    /// Parks mappings that can't be read, each with an attempt that names what can't be.
    pub(super) fn unreadable(&mut self, unreadable: Vec<UnreadablePair>) {
        for one in &unreadable {
            tracing::error!(integration_id = self.integration.id, error = %one.error, "an item is parked");
            let kind = ItemKind::from_name(&one.kind);
            let item = kind.map(|kind| ItemKey { kind, id: one.item_id.clone() });
            let failure = Failure {
                provider_message: Some(one.error.to_string()),
                ..local_failure(Outcome::PutOff, Reason::ServiceFault)
            };
            self.journal.note(item.as_ref(), Operation::Update, Err(&failure));
        }
        self.unreadable.extend(unreadable);
    }

    /// Stores all of it and lets the lease go. `access` is the token that the pass used.
    pub(super) async fn commit(mut self, access: Option<&Access>) -> Result<(), EngineError> {
        let now = self.engine.now();
        let mappings: Vec<_> = self.mappings.iter().map(|mapping| (&mapping.due, mapping.end)).collect();
        let mut due_at = None;
        match &self.failure {
            Some(failure) if failure.reaction == IntegrationReaction::Pause => {
                self.not_before = Some(self.pause_until(failure, now));
            }
            Some(failure) if failure.reaction == IntegrationReaction::RenewToken => due_at = Some(now),
            _ => {}
        }
        let release = Release {
            // A pause keeps the integration due, also when no mapping of its is.
            due_at: self.not_before.or(due_at),
            idle_due_at: self.has_old_calendars.then_some(now),
            not_before: self.not_before,
            succeeded: self.journal.succeeded(),
            failed: self.journal.failed(),
        };
        retrying_tx!(self.engine, |tx| {
            leases::renew(tx, self.lease).await?;
            mappings::finish(tx, &self.integration.id, &mappings, now).await?;
            mappings::park_unreadable(tx, &self.integration.id, &self.unreadable, now).await?;
            self.suffer(tx, access, now).await?;
            leases::release(tx, self.lease, release, now).await?;
            self.journal.store(tx).await?;
        })
    }

    /// Stores what the trouble does to the integration, beside a pause.
    async fn suffer(&self, tx: &mut Tx, access: Option<&Access>, now: Timestamp) -> Result<(), EngineError> {
        let Some(IntegrationFailure { reaction, reason, .. }) = &self.failure else { return Ok(()) };
        let id = &self.integration.id;
        let token_version = access.map_or(self.integration.token_version, |access| access.version);
        match reaction {
            IntegrationReaction::Stop => {
                let calendar_id = self.integration.target_calendar_id.as_deref();
                let cause = StopCause { reason: *reason, token_version, calendar_id };
                integrations::needs_action(self.engine.store(), tx, id, cause, now).await?;
            }
            IntegrationReaction::RenewToken => {
                integrations::expire_access(tx, id, token_version).await?;
            }
            IntegrationReaction::Pause => {}
        }
        Ok(())
    }

    fn pause_until(&self, failure: &IntegrationFailure, now: Timestamp) -> Timestamp {
        let failures = u32::try_from(self.integration.failures + 1).unwrap_or(u32::MAX);
        let [jitter] = bytes(self.engine.entropy());
        now.saturating_add(backoff(failure.reason, failures, jitter, failure.retry_after)).unwrap_or(now)
    }
}
