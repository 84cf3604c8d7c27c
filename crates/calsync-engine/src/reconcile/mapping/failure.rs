//! What becomes of a mapping whose call was refused, lost or not answered: later, never, or once more from
//! a look; and whether the whole integration is concerned.

use calsync_core::env::bytes;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::plan::Mapping;
use calsync_core::reason::{Reaction, Reason};
use calsync_core::retry::{RetryDecision, backoff, backoff_in_doubt, retry_decision};
use calsync_core::sync_state::SyncState;
use calsync_google::Failure;
use calsync_store::mappings::{DueMapping, End};
use jiff::{SignedDuration, Timestamp};

use super::{CALENDAR_CHECK, Location, Next, Pass};

impl Pass<'_> {
    /// What becomes of a mapping after `failure`, and the failure to record.
    pub(super) fn after_failure(
        &self,
        due: &mut DueMapping,
        (location, operation): (Location, Operation),
        failure: Failure,
    ) -> (Failure, Next) {
        if operation == CALENDAR_CHECK {
            return self.in_doubt(due, failure);
        }
        let reaction = failure.reason.info().reaction;
        match (location, failure.outcome, operation) {
            (Location::Previous, Outcome::Unknown, Operation::Delete) => {
                due.mapping.on_previous_delete_sent();
            }
            (Location::Previous, ..) => {}
            (_, Outcome::Unknown, Operation::Delete) => due.mapping.on_delete_sent(self.now),
            (_, Outcome::Unknown, _) => due.mapping.mark_stale(),
            (_, _, Operation::Insert) if reaction != Reaction::Mend => due.mapping.on_insert_rejected(),
            // A rejected fetch says nothing about an earlier insert.
            _ => {}
        }
        if location != Location::Target && (is_closed(failure.reason) || self.is_for_good(due, &failure)) {
            if (location, operation) == (Location::Stale, Operation::Delete) {
                due.mapping.on_delete_sent(self.now);
            }
            return (give_up(&mut due.mapping, location, failure), Next::Plan);
        }
        let next = match reaction {
            Reaction::Mend => {
                match location {
                    Location::Previous => due.mapping.on_previous_changed(),
                    Location::Target | Location::Stale => due.mapping.mark_stale(),
                }
                Next::Plan
            }
            Reaction::None | Reaction::Backoff | Reaction::Park => {
                Next::End(self.later_or_never(due, &failure))
            }
            Reaction::PauseIntegration | Reaction::StopIntegration | Reaction::PauseDeployment => {
                self.stop.set_failure(failure.clone());
                Next::End(again(self.now, due.failures, failure.reason))
            }
        };
        (failure, next)
    }

    fn is_for_good(&self, due: &DueMapping, failure: &Failure) -> bool {
        retry_decision(failure.reason, failures(due, failure)) == RetryDecision::Parked
    }

    fn later_or_never(&self, due: &DueMapping, failure: &Failure) -> End {
        let (reason, failures) = (failure.reason, failures(due, failure));
        if self.is_for_good(due, failure) {
            return End::Done { state: SyncState::Parked, reason: Some(reason) };
        }
        self.after_pause(reason, failures, failure.retry_after)
    }

    /// Due again after the pause that follows on `failures` in a row for `reason`.
    pub(super) fn after_pause(
        &self,
        reason: Reason,
        failures: i64,
        retry_after: Option<SignedDuration>,
    ) -> End {
        let [jitter] = bytes(self.engine.entropy());
        let tries = u32::try_from(failures).unwrap_or(u32::MAX);
        let wait = backoff(reason, tries, jitter, retry_after);
        again(self.engine.now().saturating_add(wait).unwrap_or(self.now), failures, reason)
    }

    /// Due again when the admin's pause of its next step is looked at again.
    pub(super) fn after_pause_by_admin(&self, due: &DueMapping) -> End {
        again(self.google.looks_again_at(), due.failures, Reason::Paused)
    }

    /// Whether the calendar of an event that isn't there is there itself can't be told, so nothing follows
    /// from its absence: not that the user removed it, and not that the connection has to stop. What
    /// slows the whole integration does so here, too.
    fn in_doubt(&self, due: &DueMapping, failure: Failure) -> (Failure, Next) {
        let mut due_at = self.now;
        let failures = failures(due, &failure);
        if failure.is_stale_token() || failure.reason.info().reaction.is_pause() {
            self.stop.set_failure(failure.clone());
        } else {
            let [jitter] = bytes(self.engine.entropy());
            let tries = u32::try_from(failures).unwrap_or(u32::MAX);
            let wait = backoff_in_doubt(tries, jitter, failure.retry_after);
            due_at = self.engine.now().saturating_add(wait).unwrap_or(self.now);
        }
        let end = again(due_at, failures, failure.reason);
        (failure, Next::End(end))
    }
}

const fn again(due_at: Timestamp, failures: i64, reason: Reason) -> End {
    End::Retry { due_at, failures, reason: Some(reason) }
}

/// How many times in a row `due` failed for the reason of `failure`, with it.
fn failures(due: &DueMapping, failure: &Failure) -> i64 {
    if due.reason == Some(failure.reason) { due.failures + 1 } else { 1 }
}

/// Whether `reason` says that a calendar is out of our reach. For the target that stops the integration.
pub(in crate::reconcile) const fn is_closed(reason: Reason) -> bool {
    matches!(reason, Reason::CalendarGone | Reason::CalendarReadOnly | Reason::ScopeMissing)
}

/// An event outside of the target calendar can't be reached: what stays there is recorded once.
fn give_up(mapping: &mut Mapping, location: Location, failure: Failure) -> Failure {
    if location == Location::Previous {
        mapping.on_previous_delete_refused();
    } else {
        mapping.abandon_current();
    }
    let stays = mapping.previous.as_ref().is_some_and(|previous| previous.awaits_delete().is_none());
    if stays && failure.reason != Reason::CalendarGone {
        return Failure { reason: Reason::LeftBehind, ..failure };
    }
    failure
}
