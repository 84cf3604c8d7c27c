//! Carries one pair to its end: takes a step, hears the answer, plans again. Nothing here touches
//! the database; what has to be stored before a call waits for the next pass.

use std::sync::{Mutex, PoisonError};

use calsync_core::event_id::EventPlace;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::plan::{Pair, Phase, Step};
use calsync_core::policy::Policy;
use calsync_core::reason::{Reaction, Reason};
use calsync_core::retry::{Fate, fate, pause};
use calsync_core::seams::bytes;
use calsync_core::sync_state::SyncState;
use calsync_google::{Deleted, Failure};
use calsync_store::integrations::Integration;
use calsync_store::leases::Lease;
use calsync_store::mappings::{DuePair, End};
use jiff::{SignedDuration, Timestamp};

use super::Planned;
use super::ending::Trouble;
use crate::Engine;
use crate::tokens::Access;

/// Calls that one pair may take in one pass: look, write, be overtaken twice.
const CALLS_A_PAIR_MAX: usize = 6;
/// A call is sent only with this much of the lease left: longer than [`super::CALL_LIMIT`], since
/// Google checks no fence.
pub(super) const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(12);

/// What the pairs of a pass share.
pub(super) struct Caller<'a> {
    pub(super) engine: &'a Engine,
    pub(super) lease: &'a Lease,
    pub(super) integration: &'a Integration,
    pub(super) event: EventPlace<'a>,
    pub(super) calendar_id: &'a str,
    pub(super) access: &'a Access,
    pub(super) policy: Policy,
    pub(super) user_time_zone: Option<String>,
    pub(super) now: Timestamp,
    /// What stops or slows the whole integration, once a pair met it.
    pub(super) trouble: Mutex<Option<Trouble>>,
}

/// One answered call.
pub(super) struct Call {
    pub(super) operation: Operation,
    pub(super) answer: Result<Outcome, Failure>,
}

/// A pair at its end.
pub(super) struct PairDone {
    pub(super) due: DuePair,
    pub(super) end: End,
    pub(super) calls: Vec<Call>,
}

/// Whether a pair goes on after an answer.
enum Next {
    Plan,
    End(End),
}

impl Caller<'_> {
    /// Carries a pair from its first step to its end.
    pub(super) async fn run(&self, planned: Planned) -> PairDone {
        let Planned { mut due, first: mut step, phase_before } = planned;
        let stored = (due.pair.generation, due.pair.phase);
        let mut calls = Vec::new();
        for _ in 0..CALLS_A_PAIR_MAX {
            if let Step::Settle(state, reason) = step {
                let end = End::Settled { state, reason };
                return PairDone { due, end, calls };
            }
            let _permit = self.engine.calls().acquire().await;
            if !is_stored(&step, stored) || self.must_stop() {
                break;
            }
            let (operation, answer) = self.take(&mut due.pair, step, &due.item.key).await;
            if answer == Ok(Outcome::AlreadySo) && phase_before == Phase::There {
                // We had not asked for it before: the user was first.
                due.pair.removed_by_user();
            }
            let next = match &answer {
                Ok(_) => Next::Plan,
                Err(failure) => self.after_failure(&mut due, operation, failure),
            };
            calls.push(Call { operation, answer });
            if let Next::End(end) = next {
                return PairDone { due, end, calls };
            }
            step = self.plan(&due);
        }
        // Nothing failed: the rest follows in the next pass, as soon as it comes.
        let end = End::Again { due_at: self.now, failures: due.failures, reason: due.reason };
        PairDone { due, end, calls }
    }

    /// Takes one step at Google, and moves the pair by a good answer.
    async fn take(
        &self,
        pair: &mut Pair,
        step: Step,
        item: &calsync_core::item::ItemKey,
    ) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (self.engine.google(), &self.access.token);
        let id = self.place(item).event_id(pair.generation);
        match step {
            Step::Settle(..) | Step::Look => {
                let answer = google.get_event(token, self.calendar_id, &id).await;
                (Operation::Get, answer.map(|remote| pair.looked(remote)).map(|()| Outcome::Done))
            }
            Step::Insert { event, base, .. } => {
                let answer = google.insert_event(token, self.calendar_id, &event).await;
                (Operation::Insert, answer.map(|made| pair.written(made, base)).map(|()| Outcome::Done))
            }
            Step::Update { etag, event, partial, base, .. } => {
                let answer = if partial {
                    google.patch_event(token, self.calendar_id, &id, &etag, &event).await
                } else {
                    google.update_event(token, self.calendar_id, &id, &etag, &event).await
                };
                (Operation::Update, answer.map(|made| pair.written(made, base)).map(|()| Outcome::Done))
            }
            Step::Delete => {
                let answer = google.delete_event(token, self.calendar_id, &id).await;
                let answer = answer.map(|deleted| {
                    pair.removed();
                    if deleted == Deleted::Done { Outcome::Done } else { Outcome::AlreadySo }
                });
                (Operation::Delete, answer)
            }
        }
    }

    /// What becomes of a pair after `failure`.
    fn after_failure(&self, due: &mut DuePair, operation: Operation, failure: &Failure) -> Next {
        match (failure.outcome, operation) {
            (Outcome::Unknown, _) => due.pair.doubt(),
            (_, Operation::Insert) => due.pair.not_told(),
            // A refused look tells nothing of an insert that was sent before.
            _ => {}
        }
        if failure.is_stale_token() {
            self.set_trouble(Trouble::stale_token(self.access, failure));
            return Next::End(again(self.now, due.failures, failure.reason));
        }
        match failure.reason.entry().reaction {
            Reaction::Mend => {
                due.pair.doubt();
                Next::Plan
            }
            Reaction::None | Reaction::Backoff | Reaction::Park => {
                Next::End(self.later_or_never(due, failure))
            }
            Reaction::PauseIntegration | Reaction::StopIntegration | Reaction::PauseDeployment => {
                self.set_trouble(Trouble::of(failure));
                Next::End(again(self.now, due.failures, failure.reason))
            }
        }
    }

    fn later_or_never(&self, due: &DuePair, failure: &Failure) -> End {
        let reason = failure.reason;
        let failures = if due.reason == Some(reason) { due.failures + 1 } else { 1 };
        if fate(reason, failures) == Fate::Parked {
            return End::Settled { state: SyncState::Parked, reason: Some(reason) };
        }
        let [jitter] = bytes(self.engine.entropy());
        let tries = u32::try_from(failures).unwrap_or(u32::MAX);
        let wait = pause(reason, tries, jitter, failure.retry_after);
        again(self.engine.now().saturating_add(wait).unwrap_or(self.now), failures, reason)
    }

    /// Whether no further call may be sent: the integration is in trouble, or the lease runs out.
    fn must_stop(&self) -> bool {
        let in_trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        in_trouble || self.engine.now() + LEASE_LEFT_MIN > self.lease.until
    }

    fn set_trouble(&self, trouble: Trouble) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }

    pub(super) fn take_trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

const fn again(due_at: Timestamp, failures: i64, reason: Reason) -> End {
    End::Again { due_at, failures, reason: Some(reason) }
}

/// Whether what `step` tells Google of is in the store.
fn is_stored(step: &Step, (generation, phase): (i64, Phase)) -> bool {
    match step {
        Step::Insert { generation: told, .. } => phase == Phase::Told && *told == generation,
        Step::Delete => phase == Phase::Removing,
        Step::Settle(..) | Step::Look | Step::Update { .. } => true,
    }
}
