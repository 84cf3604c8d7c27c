//! Takes one mapping through its steps: plan, call, apply the answer, plan again. Nothing here touches
//! the database; what has to be stored before a call waits for the next pass.

mod failure;
mod progress;

use calsync_core::event_id::EventPlace;
use calsync_core::managed::Base;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::plan::{Address, EventState, Intent, Mapping, PlanStep};
use calsync_core::policy::Policy;
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_google::{Deleted, Failure, GoogleClient};
use calsync_store::integrations::Integration;
use calsync_store::leases::Lease;
use calsync_store::mappings::{DueMapping, End};
use jiff::Timestamp;

use super::Planned;
use super::stop::Stop;
use crate::Engine;
use crate::tokens::Access;
pub(super) use failure::is_closed;
use progress::Round;

/// Calls that one mapping may take in one pass: look, write, be overtaken twice, at both ends of a move.
const CALLS_PER_MAPPING_MAX: usize = 10;

/// The question whether a calendar is there is asked by a list, and nothing else is in a pass.
pub(super) const PROBE: Operation = Operation::List;

/// What the mappings of a pass share.
pub(super) struct Pass<'a> {
    pub(super) engine: &'a Engine,
    /// Google, for as long as the pass may go on.
    pub(super) google: GoogleClient,
    pub(super) lease: &'a Lease,
    pub(super) integration: &'a Integration,
    pub(super) event: EventPlace<'a>,
    pub(super) access: &'a Access,
    pub(super) policy: Policy,
    pub(super) user_time_zone: Option<String>,
    pub(super) now: Timestamp,
    /// When no further call is sent, for what a mapping met or for the lease.
    pub(super) stop: Stop,
}

/// One answered call.
pub(super) struct Call {
    pub(super) operation: Operation,
    pub(super) answer: Result<Outcome, Failure>,
}

/// A mapping at its end.
pub(super) struct MappingResult {
    pub(super) due: DueMapping,
    pub(super) end: End,
    pub(super) calls: Vec<Call>,
}

/// Where a call goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    /// To the mapping's event in the target calendar.
    Target,
    /// To the mapping's event in a calendar that isn't the target any more.
    Stale,
    /// To the event that is to go.
    Previous,
}

/// Whether a mapping goes on after an answer.
pub(super) enum Next {
    Plan,
    CalendarScan,
    End(End),
}

impl Pass<'_> {
    /// Carries a mapping from its first step to its end.
    pub(super) async fn run(&self, planned: Planned) -> MappingResult {
        let Planned { mut due, first: mut step } = planned;
        let recorded: Vec<Intent> = due.mapping.intents().chain(step.intent()).collect();
        let mut calls = Vec::new();
        let mut is_deleted = false;
        let mut round = Round::Exhausted;
        for _ in 0..CALLS_PER_MAPPING_MAX {
            if let PlanStep::Done(state, reason) = step {
                let end = End::Done { state, reason };
                return MappingResult { due, end, calls };
            }
            if self.stop.is_due() {
                round = Round::Stopped;
                break;
            }
            if step.intent().is_some_and(|intent| !recorded.contains(&intent)) {
                round = Round::Continues;
                break;
            }
            if let PlanStep::Insert { address, .. } = &step {
                due.mapping.on_insert_sent(address.clone());
            }
            let location = self.location(&due, &step);
            let (operation, answer) = match location {
                Location::Previous => self.take_at_previous(&mut due.mapping, step).await,
                _ => self.take(&mut due.mapping, step).await,
            };
            let (operation, answer) = self.proven(&mut due.mapping, operation, answer).await;
            if answer.as_ref().is_err_and(Failure::is_put_off) {
                if operation == Operation::Insert {
                    // It was announced and surely not sent: the next pass need not look for it.
                    due.mapping.on_insert_rejected();
                }
                round = Round::Stopped;
                break;
            }
            // What was to be deleted went with its calendar.
            let is_gone = is_deleted && answer.as_ref().is_err_and(Failure::is_calendar_absent);
            let operation_failed = if is_gone { Operation::Delete } else { operation };
            let (answer, next) = self.hear(&mut due, (location, operation_failed), answer);
            calls.push(Call { operation, answer });
            is_deleted = matches!(next, Next::CalendarScan);
            step = match next {
                Next::Plan => self.plan(&due),
                Next::CalendarScan => PlanStep::Fetch,
                Next::End(end) => return MappingResult { due, end, calls },
            };
        }
        let end = self.after_round(&mut due, round, &calls);
        MappingResult { due, end, calls }
    }

    /// What an answer does to a mapping, and how it goes on.
    fn hear(
        &self,
        due: &mut DueMapping,
        (location, operation): (Location, Operation),
        answer: Result<Outcome, Failure>,
    ) -> (Result<Outcome, Failure>, Next) {
        match answer {
            // What is deleted and isn't there: a look tells who removed it.
            Ok(Outcome::AlreadySo) if location != Location::Previous => {
                (Ok(Outcome::AlreadySo), Next::CalendarScan)
            }
            Ok(outcome) => (Ok(outcome), Next::Plan),
            Err(failure) if failure.reason == Reason::NoProgress => {
                (Err(failure), Next::End(self.without_progress(due)))
            }
            Err(failure) => {
                let (failure, next) = self.after_failure(due, (location, operation), failure);
                (Err(failure), next)
            }
        }
    }

    fn location(&self, due: &DueMapping, step: &PlanStep) -> Location {
        match step {
            PlanStep::FetchPrevious | PlanStep::DeletePrevious { .. } => Location::Previous,
            _ if self.plan_context(&due.item.key).is_elsewhere(&due.mapping) => Location::Stale,
            _ => Location::Target,
        }
    }

    /// Takes one step at Google, and moves the mapping by a good answer.
    async fn take(&self, mapping: &mut Mapping, step: PlanStep) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (&self.google, &self.access.token);
        let address = mapping.event_state.address().cloned();
        let Address { calendar_id, google_id, .. } = address.unwrap_or_default();
        match step {
            PlanStep::Insert { event, base, .. } => {
                let answer = google.insert_event(token, &calendar_id, &event).await;
                (Operation::Insert, answer.and_then(|made| written(mapping, &event, base, made)))
            }
            PlanStep::Update { etag, event, partial, base, .. } => {
                let answer = if partial {
                    google.patch_event(token, &calendar_id, &google_id, &etag, &event).await
                } else {
                    google.update_event(token, &calendar_id, &google_id, &etag, &event).await
                };
                (Operation::Update, answer.and_then(|made| written(mapping, &event, base, made)))
            }
            PlanStep::Delete => {
                let answer = google.delete_event(token, &calendar_id, &google_id, None).await;
                if answer == Ok(Deleted::Done) {
                    mapping.on_deleted();
                }
                (Operation::Delete, answer.map(outcome))
            }
            _ => {
                let answer = google.get_event(token, &calendar_id, &google_id).await;
                let was_there = !matches!(mapping.event_state, EventState::Unconfirmed { copy: None, .. });
                if answer == Ok(None) && was_there {
                    match google.probe_calendar(token, &calendar_id).await {
                        Ok(Some(_)) => {}
                        Ok(None) => return (Operation::Get, Err(Failure::calendar_gone())),
                        Err(failure) => return (PROBE, Err(failure)),
                    }
                }
                (Operation::Get, answer.map(|remote| mapping.on_fetched(remote)).map(|()| Outcome::Done))
            }
        }
    }

    /// The answer to a step. That the calendar isn't there is no more than a hint where something was to
    /// be made in it: it is asked for by itself.
    async fn proven(
        &self,
        mapping: &mut Mapping,
        operation: Operation,
        answer: Result<Outcome, Failure>,
    ) -> (Operation, Result<Outcome, Failure>) {
        match (operation, answer) {
            (Operation::Insert, Err(refused)) if refused.is_calendar_absent() => {
                let address = mapping.event_state.address().cloned();
                let calendar_id = address.unwrap_or_default().calendar_id;
                mapping.on_insert_rejected();
                match self.google.probe_calendar(&self.access.token, &calendar_id).await {
                    Ok(None) => (operation, Err(refused)),
                    // Google contradicts itself, as for a calendar that was just made.
                    Ok(Some(_)) => (PROBE, Err(Failure { reason: Reason::Unknown, ..refused })),
                    Err(failure) => (PROBE, Err(failure)),
                }
            }
            as_it_is => as_it_is,
        }
    }

    /// Takes one step at the location that the item moves away from.
    async fn take_at_previous(
        &self,
        mapping: &mut Mapping,
        step: PlanStep,
    ) -> (Operation, Result<Outcome, Failure>) {
        let (google, token) = (&self.google, &self.access.token);
        let previous = mapping.previous.as_ref().map(|previous| previous.address.clone());
        let Address { calendar_id, google_id, .. } = previous.unwrap_or_default();
        let PlanStep::DeletePrevious { etag } = step else {
            let answer = google.get_event(token, &calendar_id, &google_id).await;
            if answer == Ok(None)
                && let Err(failure) = google.probe_calendar(token, &calendar_id).await
            {
                return (PROBE, Err(failure));
            }
            return (
                Operation::Get,
                answer.map(|remote| mapping.on_previous_fetched(remote)).map(|()| Outcome::Done),
            );
        };
        let answer = google.delete_event(token, &calendar_id, &google_id, Some(&etag)).await;
        match &answer {
            Ok(Deleted::Done) => mapping.on_previous_deleted(),
            Ok(Deleted::AlreadySo) => mapping.on_previous_changed(),
            Err(_) => {}
        }
        (Operation::Delete, answer.map(outcome))
    }
}

/// A write of `sent` was answered with `made`.
fn written(
    mapping: &mut Mapping,
    sent: &RemoteEvent,
    base: Base,
    made: RemoteEvent,
) -> Result<Outcome, Failure> {
    if mapping.on_written(sent, base, made) { Ok(Outcome::Done) } else { Err(Failure::no_progress()) }
}

pub(super) const fn outcome(deleted: Deleted) -> Outcome {
    match deleted {
        Deleted::Done => Outcome::Done,
        Deleted::AlreadySo => Outcome::AlreadySo,
    }
}
