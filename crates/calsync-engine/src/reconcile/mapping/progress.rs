//! The net under every other rule: whatever Google answers, no mapping makes calls without a pause. A round of
//! calls that changed nothing is counted and paused, and the third in a row parks the mapping.

use calsync_core::reason::Reason;
use calsync_core::retry::{RetryDecision, retry_decision};
use calsync_core::sync_state::SyncState;
use calsync_store::mappings::{DueMapping, End};

use super::Pass;

/// How the calls of one mapping in one pass ended, where nothing failed.
#[derive(Clone, Copy)]
pub(super) enum Round {
    /// The pass had to stop.
    Stopped,
    /// What is next has to be stored first.
    Continues,
    /// Call followed on call and led nowhere.
    Exhausted,
}

impl Pass<'_> {
    /// How a mapping goes on whose round ended without a failure, and is not settled.
    pub(super) fn after_round(&self, due: &mut DueMapping, round: Round, has_written: bool) -> End {
        let at_once = End::Retry { due_at: self.now, failures: due.failures, reason: due.reason };
        match round {
            Round::Stopped => at_once,
            Round::Continues if has_written => {
                due.rounds_without_progress = 0;
                at_once
            }
            // What a look showed is written in the next pass, as soon as it comes. Once that is no matter.
            Round::Continues if due.rounds_without_progress == 0 => {
                due.rounds_without_progress = 1;
                at_once
            }
            Round::Continues | Round::Exhausted => self.without_progress(due),
        }
    }

    /// A round of calls changed nothing at Google: the next one comes after a pause, and after some of them
    /// none does until something changes.
    pub(super) fn without_progress(&self, due: &mut DueMapping) -> End {
        due.rounds_without_progress += 1;
        let (reason, rounds) = (Reason::NoProgress, due.rounds_without_progress);
        if retry_decision(reason, rounds) == RetryDecision::Parked {
            return End::Done { state: SyncState::Parked, reason: Some(reason) };
        }
        self.after_pause(reason, rounds, None)
    }
}
