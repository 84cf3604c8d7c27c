//! Carries one pair to its end: takes a step, hears the answer, plans again. Nothing here touches
//! the database; what has to be stored before a call waits for the next pass.

use std::sync::{Mutex, PoisonError};

use calsync_core::event_id::EventPlace;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::plan::{Address, Pair, Phase, Step};
use calsync_core::policy::Policy;
use calsync_core::reason::{Reaction, Reason};
use calsync_core::retry::{Fate, fate, pause};
use calsync_core::seams::bytes;
use calsync_core::sync_state::SyncState;
use calsync_google::{Deleted, Failure};
use calsync_store::integrations::Integration;
use calsync_store::leases::Lease;
use calsync_store::mappings::{DuePair, End};
use jiff::Timestamp;

use super::ending::Trouble;
use super::{Planned, outlasts_a_call};
use crate::Engine;
use crate::tokens::Access;

/// Calls that one pair may take in one pass: look, write, be overtaken twice, at both ends of a move.
const CALLS_A_PAIR_MAX: usize = 10;

/// What the pairs of a pass share.
pub(super) struct Pass<'a> {
    pub(super) engine: &'a Engine,
    pub(super) lease: &'a Lease,
    pub(super) integration: &'a Integration,
    pub(super) event: EventPlace<'a>,
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

/// Where a call goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// To the pair's event in the target calendar.
    Target,
    /// To the pair's event in a calendar that isn't the target any more.
    Elsewhere,
    /// To the event that is to go.
    Leaving,
}

/// What is in the store of what Google may be told in this pass.
struct Stored {
    address: Option<Address>,
    phase: Phase,
    is_removing: bool,
    is_leaving: bool,
}

/// Whether a pair goes on after an answer.
enum Next {
    Plan,
    End(End),
}

impl Pass<'_> {
    /// Carries a pair from its first step to its end.
    pub(super) async fn run(&self, planned: Planned) -> PairDone {
        let Planned { mut due, first: mut step } = planned;
        let stored = Stored {
            address: due.pair.address.clone(),
            phase: due.pair.phase,
            is_removing: matches!(step, Step::Delete) || due.pair.phase == Phase::Removing,
            is_leaving: matches!(step, Step::LookAtOld | Step::DeleteOld { .. }),
        };
        let mut calls = Vec::new();
        for _ in 0..CALLS_A_PAIR_MAX {
            if let Step::Settle(state, reason) = step {
                let end = End::Settled { state, reason };
                return PairDone { due, end, calls };
            }
            let _permit = self.engine.calls().acquire().await;
            if !stored.allows(&step) || self.must_stop() {
                break;
            }
            if let Step::Insert { address, .. } = &step
                && due.pair.phase != Phase::Told
            {
                // A look showed that what the store tells of was never made: it is made now.
                due.pair.telling(address.clone());
            }
            let side = self.side(&due, &step);
            let (operation, answer) = match side {
                Side::Leaving => self.take_at_old(&mut due.pair, step).await,
                _ => self.take(&mut due.pair, step).await,
            };
            let (answer, next) = match answer {
                Ok(outcome) => (Ok(outcome), Next::Plan),
                Err(failure) => {
                    let (failure, next) = self.after_failure(&mut due, (side, operation), failure);
                    (Err(failure), next)
                }
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

    fn side(&self, due: &DuePair, step: &Step) -> Side {
        match step {
            Step::LookAtOld | Step::DeleteOld { .. } => Side::Leaving,
            _ if self.place(&due.item.key).is_elsewhere(&due.pair) => Side::Elsewhere,
            _ => Side::Target,
        }
    }

    /// Takes one step at Google, and moves the pair by a good answer.
    async fn take(&self, pair: &mut Pair, step: Step) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (self.engine.google(), &self.access.token);
        let Address { calendar_id, google_id, .. } = pair.address.clone().unwrap_or_default();
        match step {
            Step::Insert { event, base, .. } => {
                let answer = google.insert_event(token, &calendar_id, &event).await;
                (Operation::Insert, answer.map(|made| pair.written(made, base)).map(|()| Outcome::Done))
            }
            Step::Update { etag, event, partial, base, .. } => {
                let answer = if partial {
                    google.patch_event(token, &calendar_id, &google_id, &etag, &event).await
                } else {
                    google.update_event(token, &calendar_id, &google_id, &etag, &event).await
                };
                (Operation::Update, answer.map(|made| pair.written(made, base)).map(|()| Outcome::Done))
            }
            Step::Delete => self.delete(pair, &calendar_id, &google_id).await,
            _ => {
                let answer = google.get_event(token, &calendar_id, &google_id).await;
                if answer == Ok(None) && pair.remote.is_some() && self.is_gone(&calendar_id).await {
                    return (Operation::Get, Err(Failure::calendar_gone()));
                }
                (Operation::Get, answer.map(|remote| pair.looked(remote)).map(|()| Outcome::Done))
            }
        }
    }

    /// Removes the pair's event. If it is gone already, it is told by whom.
    async fn delete(
        &self,
        pair: &mut Pair,
        calendar_id: &str,
        google_id: &str,
    ) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (self.engine.google(), &self.access.token);
        let answer = google.delete_event(token, calendar_id, google_id, None).await;
        match (&answer, pair.phase) {
            // We had not asked for it before: the user was first.
            (Ok(Deleted::AlreadySo), Phase::There) if !self.is_gone(calendar_id).await => {
                pair.removed_by_user();
            }
            // We may have asked for it before: its tombstone tells who was first.
            (Ok(Deleted::AlreadySo), Phase::Removing) if pair.removing_since.is_some() => {
                match google.get_event(token, calendar_id, google_id).await {
                    Ok(remote) => pair.looked(remote),
                    Err(failure) => return (Operation::Get, Err(failure)),
                }
            }
            (Ok(_), _) => pair.removed(),
            (Err(_), _) => {}
        }
        (Operation::Delete, answer.map(outcome))
    }

    /// Takes one step at the place that the item moves away from.
    async fn take_at_old(&self, pair: &mut Pair, step: Step) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (self.engine.google(), &self.access.token);
        let leaving = pair.leaving.as_ref().map(|leaving| leaving.address.clone());
        let Address { calendar_id, google_id, .. } = leaving.unwrap_or_default();
        let Step::DeleteOld { etag } = step else {
            let answer = google.get_event(token, &calendar_id, &google_id).await;
            return (Operation::Get, answer.map(|remote| pair.looked_at_old(remote)).map(|()| Outcome::Done));
        };
        let answer = google.delete_event(token, &calendar_id, &google_id, Some(&etag)).await;
        match &answer {
            Ok(Deleted::Done) => pair.old_removed(),
            Ok(Deleted::AlreadySo) => pair.old_changed(),
            Err(_) => {}
        }
        (Operation::Delete, answer.map(outcome))
    }

    /// Whether an event isn't there because its whole calendar isn't. Asked only where an event is gone
    /// without a trace: the user removes events, and their removal stays; a calendar takes them along.
    async fn is_gone(&self, calendar_id: &str) -> bool {
        let _permit = self.engine.calls().acquire().await;
        matches!(self.engine.google().get_calendar(&self.access.token, calendar_id).await, Ok(None))
    }

    /// What becomes of a pair after `failure`, and how it is told.
    fn after_failure(
        &self,
        due: &mut DuePair,
        (side, operation): (Side, Operation),
        failure: Failure,
    ) -> (Failure, Next) {
        let reaction = failure.reason.entry().reaction;
        match (side, failure.outcome, operation) {
            (Side::Leaving, Outcome::Unknown, Operation::Delete) => due.pair.may_have_left(),
            (Side::Leaving, ..) => {}
            (_, Outcome::Unknown, Operation::Delete) => due.pair.removing(self.now),
            (_, Outcome::Unknown, _) => due.pair.doubt(),
            (_, _, Operation::Insert) if reaction != Reaction::Mend => due.pair.not_told(),
            // A refused look tells nothing of an insert that was sent before.
            _ => {}
        }
        if failure.is_stale_token() {
            self.set_trouble(Trouble::stale_token(self.access, &failure));
            let end = again(self.now, due.failures, failure.reason);
            return (failure, Next::End(end));
        }
        if side != Side::Target && (is_closed(failure.reason) || self.is_for_good(due, &failure)) {
            if (side, operation) == (Side::Elsewhere, Operation::Delete) {
                due.pair.removing(self.now);
            }
            return (give_up(&mut due.pair, side, failure), Next::Plan);
        }
        let next = match reaction {
            Reaction::Mend => {
                match side {
                    Side::Leaving => due.pair.old_changed(),
                    Side::Target | Side::Elsewhere => due.pair.doubt(),
                }
                Next::Plan
            }
            Reaction::None | Reaction::Backoff | Reaction::Park => {
                Next::End(self.later_or_never(due, &failure))
            }
            Reaction::PauseIntegration | Reaction::StopIntegration | Reaction::PauseDeployment => {
                self.set_trouble(Trouble::of(&failure));
                Next::End(again(self.now, due.failures, failure.reason))
            }
        };
        (failure, next)
    }

    fn is_for_good(&self, due: &DuePair, failure: &Failure) -> bool {
        fate(failure.reason, failures(due, failure)) == Fate::Parked
    }

    fn later_or_never(&self, due: &DuePair, failure: &Failure) -> End {
        let (reason, failures) = (failure.reason, failures(due, failure));
        if self.is_for_good(due, failure) {
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
        in_trouble || !outlasts_a_call(self.engine, self.lease)
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

/// How many times in a row `due` failed for the reason of `failure`, with it.
fn failures(due: &DuePair, failure: &Failure) -> i64 {
    if due.reason == Some(failure.reason) { due.failures + 1 } else { 1 }
}

pub(super) const fn outcome(deleted: Deleted) -> Outcome {
    match deleted {
        Deleted::Done => Outcome::Done,
        Deleted::AlreadySo => Outcome::AlreadySo,
    }
}

/// Whether `reason` says that a calendar is out of our reach. For the target that stops the integration.
pub(super) const fn is_closed(reason: Reason) -> bool {
    matches!(reason, Reason::CalendarGone | Reason::CalendarReadOnly | Reason::ScopeMissing)
}

/// An event outside of the target calendar can't be reached: what stays there is told once.
fn give_up(pair: &mut Pair, side: Side, failure: Failure) -> Failure {
    if side == Side::Leaving {
        pair.old_refused();
    } else {
        pair.give_up_here();
    }
    let stays = pair.leaving.as_ref().is_some_and(|leaving| !leaving.is_to_go());
    if stays && failure.reason != Reason::CalendarGone {
        return Failure { reason: Reason::LeftBehind, ..failure };
    }
    failure
}

impl Stored {
    /// Whether what `step` tells Google of is in the store.
    fn allows(&self, step: &Step) -> bool {
        match step {
            Step::Insert { address, .. } => {
                self.phase == Phase::Told && self.address.as_ref() == Some(address)
            }
            Step::Delete => self.is_removing,
            Step::DeleteOld { .. } => self.is_leaving,
            Step::Settle(..) | Step::Look | Step::LookAtOld | Step::Update { .. } => true,
        }
    }
}
