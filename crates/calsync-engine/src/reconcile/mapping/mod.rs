//! Takes one mapping through its steps: plan, call, apply the answer, plan again. An intent that isn't stored waits for
//! the next pass; what a user typed and a step writes over is stored at once, before it.

mod failure;
mod progress;

use calsync_core::event_id::EventPlace;
use calsync_core::item::ItemKey;
use calsync_core::managed::Base;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::plan::{Address, EventState, Intent, Mapping, PlanStep};
use calsync_core::policy::Policy;
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_google::{Deleted, Failure};
use calsync_store::integrations::Integration;
use calsync_store::leases::{self, Lease};
use calsync_store::mappings::{DueMapping, End};
use calsync_store::user_edits;
use jiff::Timestamp;

use super::Planned;
use super::stop::Stop;
use crate::google::{AuthorizedClient, CallError};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};
pub(super) use failure::is_closed;
use progress::Round;

/// Calls that one mapping may take in one pass: look, write, be overtaken twice, at both ends of a move.
const CALLS_PER_MAPPING_MAX: usize = 10;

/// The question whether a calendar is there is asked by a list, and nothing else is in a pass.
pub(super) const CALENDAR_CHECK: Operation = Operation::List;

/// What the mappings of a pass share.
pub(super) struct Pass<'a> {
    pub(super) engine: &'a Engine,
    pub(super) google: &'a AuthorizedClient,
    pub(super) lease: &'a Lease,
    pub(super) integration: &'a Integration,
    pub(super) event: EventPlace<'a>,
    pub(super) policy: Policy,
    pub(super) user_time_zone: Option<String>,
    pub(super) now: Timestamp,
    /// When no further call is sent, for what a mapping met or for the lease.
    pub(super) stop: &'a Stop,
}

/// A mapping at its end.
pub(super) struct MappingResult {
    pub(super) due: DueMapping,
    pub(super) end: End,
}

/// What was asked last in a step, and what came of it.
type Answered = (Operation, Result<Outcome, CallError>);

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
    pub(super) async fn run(&self, planned: Planned) -> Result<MappingResult, EngineError> {
        let Planned { mut due, desired, first: mut step } = planned;
        let recorded: Vec<Intent> = due.mapping.intents().chain(step.intent()).collect();
        let (mut has_written, mut is_deleted) = (false, false);
        let mut round = Round::Exhausted;
        for call in 0..CALLS_PER_MAPPING_MAX {
            if let PlanStep::Done(state, reason) = step {
                return Ok(MappingResult { due, end: End::Done { state, reason } });
            }
            if self.is_paused(&step) {
                let end = self.after_pause_by_admin(&due);
                return Ok(MappingResult { due, end });
            }
            if !self.google.may_send() {
                round = Round::Stopped;
                break;
            }
            if step.intent().is_some_and(|intent| !recorded.contains(&intent)) {
                round = Round::Continues;
                break;
            }
            // Those of the first step are stored with its intent.
            if call > 0 {
                self.record_lost_edits(&due.item.key, &step).await?;
            }
            if let PlanStep::Insert { address, .. } = &step {
                due.mapping.on_insert_sent(address.clone());
            }
            let location = self.location(&due, &step);
            let (operation, answer) = self.take(&mut due, step, location).await;
            let answer = match answer {
                Ok(outcome) => Ok(outcome),
                Err(CallError::Failed(failure)) => Err(failure),
                Err(error) => {
                    if operation == Operation::Insert {
                        // It was announced and surely not sent: the next pass need not look for it.
                        due.mapping.on_insert_rejected();
                    }
                    self.stop.set(error)?;
                    round = Round::Stopped;
                    break;
                }
            };
            // What was to be deleted went with its calendar.
            let is_gone = is_deleted && answer.as_ref().is_err_and(Failure::is_calendar_absent);
            let operation_failed = if is_gone { Operation::Delete } else { operation };
            self.stop.hear(answer.as_ref().err());
            let (answer, next) = self.hear(&mut due, (location, operation_failed), answer);
            self.google.journal.note(Some(&due.item.key), operation, answer.as_ref().copied());
            has_written |= answer.is_ok() && !operation.is_read();
            is_deleted = matches!(next, Next::CalendarScan);
            step = match next {
                Next::Plan => self.plan(&due, &desired),
                Next::CalendarScan => PlanStep::Fetch,
                Next::End(end) => return Ok(MappingResult { due, end }),
            };
        }
        let end = self.after_round(&mut due, round, has_written);
        Ok(MappingResult { due, end })
    }

    /// Whether an admin paused what `step` does.
    pub(super) fn is_paused(&self, step: &PlanStep) -> bool {
        step.operation().is_some_and(|operation| self.google.is_paused(operation))
    }

    /// Stores what the user made of the event and `step` writes over.
    async fn record_lost_edits(&self, item: &ItemKey, step: &PlanStep) -> Result<(), EngineError> {
        let lost: Vec<_> = step.lost_edits().map(|user_edit| (item, user_edit)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        retrying_tx!(self.engine, |tx| {
            leases::passes::renew(tx, self.lease).await?;
            user_edits::record(tx, &self.integration.id, &lost, self.now).await?;
        })
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
    async fn take(&self, due: &mut DueMapping, step: PlanStep, location: Location) -> Answered {
        let DueMapping { item, mapping, .. } = due;
        let (operation, answer) = match location {
            Location::Previous => self.take_at_previous(&item.key, mapping, step).await,
            Location::Target | Location::Stale => self.take_at_current(&item.key, mapping, step).await,
        };
        match (operation, answer) {
            // That the calendar isn't there is no more than a hint where something was to be made in it: it is asked
            // for by itself.
            (Operation::Insert, Err(CallError::Failed(refused))) if refused.is_calendar_absent() => {
                let calendar_id = mapping.event_state.address().cloned().unwrap_or_default().calendar_id;
                mapping.on_insert_rejected();
                self.proven(&item.key, &calendar_id, refused).await
            }
            as_it_is => as_it_is,
        }
    }

    async fn take_at_current(&self, item: &ItemKey, mapping: &mut Mapping, step: PlanStep) -> Answered {
        let address = mapping.event_state.address().cloned();
        let Address { calendar_id, google_id, .. } = address.unwrap_or_default();
        let (calendar, id) = (calendar_id.as_str(), google_id.as_str());
        match step {
            PlanStep::Insert { event, base, .. } => {
                let event = &event;
                let insert = self.google.send(Some(item), Operation::Insert, |google, token| async move {
                    google.insert_event(&token, calendar, event).await
                });
                (Operation::Insert, insert.await.and_then(|made| written(mapping, event, base, made)))
            }
            PlanStep::Update { etag, event, partial, base, .. } => {
                let (etag, event) = (etag.as_str(), &event);
                let update = self.google.send(Some(item), Operation::Update, |google, token| async move {
                    match partial {
                        true => google.patch_event(&token, calendar, id, etag, event).await,
                        false => google.update_event(&token, calendar, id, etag, event).await,
                    }
                });
                (Operation::Update, update.await.and_then(|made| written(mapping, event, base, made)))
            }
            PlanStep::Delete => {
                let answer = self.delete(item, (calendar, id), None).await;
                if matches!(answer, Ok(Deleted::Done)) {
                    mapping.on_deleted();
                }
                (Operation::Delete, answer.map(outcome))
            }
            _ => {
                let answer = self.fetch(item, (calendar, id)).await;
                let was_there = !matches!(mapping.event_state, EventState::Unconfirmed { copy: None, .. });
                if matches!(answer, Ok(None)) && was_there {
                    match self.is_calendar_there(item, calendar).await {
                        Ok(true) => {}
                        Ok(false) => {
                            return (Operation::Get, Err(CallError::Failed(Failure::calendar_gone())));
                        }
                        Err(error) => return (CALENDAR_CHECK, Err(error)),
                    }
                }
                (Operation::Get, answer.map(|remote| mapping.on_fetched(remote)).map(|()| Outcome::Done))
            }
        }
    }

    /// Takes one step at the location that the item moves away from.
    async fn take_at_previous(&self, item: &ItemKey, mapping: &mut Mapping, step: PlanStep) -> Answered {
        let previous = mapping.previous.as_ref().map(|previous| previous.address.clone());
        let Address { calendar_id, google_id, .. } = previous.unwrap_or_default();
        let event = (calendar_id.as_str(), google_id.as_str());
        let PlanStep::DeletePrevious { etag, .. } = step else {
            let answer = self.fetch(item, event).await;
            if matches!(answer, Ok(None))
                && let Err(error) = self.is_calendar_there(item, &calendar_id).await
            {
                return (CALENDAR_CHECK, Err(error));
            }
            let done = answer.map(|remote| mapping.on_previous_fetched(remote)).map(|()| Outcome::Done);
            return (Operation::Get, done);
        };
        let answer = self.delete(item, event, Some(&etag)).await;
        match &answer {
            Ok(Deleted::Done) => mapping.on_previous_deleted(),
            Ok(Deleted::AlreadySo) => mapping.on_previous_changed(),
            Err(_) => {}
        }
        (Operation::Delete, answer.map(outcome))
    }

    async fn fetch(
        &self,
        item: &ItemKey,
        (calendar_id, google_id): (&str, &str),
    ) -> Result<Option<RemoteEvent>, CallError> {
        let fetch = self.google.send(Some(item), Operation::Get, |google, token| async move {
            google.get_event(&token, calendar_id, google_id).await
        });
        fetch.await
    }

    async fn delete(
        &self,
        item: &ItemKey,
        (calendar_id, google_id): (&str, &str),
        etag: Option<&str>,
    ) -> Result<Deleted, CallError> {
        let delete = self.google.send(Some(item), Operation::Delete, |google, token| async move {
            google.delete_event(&token, calendar_id, google_id, etag).await
        });
        delete.await
    }

    /// Asks for a calendar by itself. Why it can't be told whether it is there is for the caller to note.
    async fn is_calendar_there(&self, item: &ItemKey, calendar_id: &str) -> Result<bool, CallError> {
        let probe = self.google.send(Some(item), CALENDAR_CHECK, |google, token| async move {
            google.check_calendar(&token, calendar_id).await
        });
        let found = probe.await?;
        self.google.journal.note(Some(item), CALENDAR_CHECK, Ok(Outcome::Done));
        Ok(found.is_some())
    }

    /// What becomes of an insert that Google refused because its calendar isn't there.
    async fn proven(&self, item: &ItemKey, calendar_id: &str, refused: Failure) -> Answered {
        match self.is_calendar_there(item, calendar_id).await {
            Ok(false) => (Operation::Insert, Err(CallError::Failed(refused))),
            // Google contradicts itself, as for a calendar that was just made.
            Ok(true) => {
                (CALENDAR_CHECK, Err(CallError::Failed(Failure { reason: Reason::Unknown, ..refused })))
            }
            Err(error) => {
                self.google.journal.note(Some(item), Operation::Insert, Err(&refused));
                (CALENDAR_CHECK, Err(error))
            }
        }
    }
}

/// A write of `sent` was answered with `made`.
fn written(
    mapping: &mut Mapping,
    sent: &RemoteEvent,
    base: Base,
    made: RemoteEvent,
) -> Result<Outcome, CallError> {
    match mapping.on_written(sent, base, made) {
        true => Ok(Outcome::Done),
        false => Err(CallError::Failed(Failure::no_progress())),
    }
}

pub(super) const fn outcome(deleted: Deleted) -> Outcome {
    match deleted {
        Deleted::Done => Outcome::Done,
        Deleted::AlreadySo => Outcome::AlreadySo,
    }
}
