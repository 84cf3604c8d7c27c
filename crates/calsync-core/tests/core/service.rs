//! The part of the engine that the planner needs: stores what Google is about to be told, takes
//! the steps, and forgets in a crash what was not stored.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::event_id::EventPlace;
use calsync_core::item::{Item, ItemBody, ItemKey, ItemKind, ItemStatus};
use calsync_core::plan::{
    Address, EventState, Intent, Mapping, PlanContext, PlanStep, PreviousLocation, PreviousState, UserEdit,
    plan,
};
use calsync_core::policy::Policy;
use calsync_core::render::{DesiredState, RenderContext, render};
use calsync_core::sync_state::SyncState;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::google::{Google, Key, No};

/// More steps than this to settle one mapping would be going round in circles.
pub(crate) const STEPS_MAX: usize = 12;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Google does it, and its answer is lost.
    AnswerLost,
    /// Google refuses: too many calls, no right.
    Refused,
    /// The service dies after what it intends is stored, before the call.
    CrashBefore,
    /// The service dies after the call, before its answer is stored.
    CrashAfter,
}

pub(crate) struct Service {
    pub(crate) google: Google,
    pub(crate) item: Item,
    pub(crate) policy: Policy,
    /// The calendar that the user chose.
    pub(crate) target: String,
    /// What is in the store.
    pub(crate) mapping: Mapping,
    /// Which event each copy of a move was made from.
    pub(crate) copies: BTreeMap<Key, Key>,
    /// Edits that were kept before they were lost, by their ids.
    pub(crate) kept: BTreeMap<String, UserEdit>,
    /// Events of ours that could not be removed.
    pub(crate) given_up: BTreeSet<Key>,
}

/// How one step ended.
enum Taken {
    Done,
    Settled(SyncState),
    Interrupted,
    Crashed,
}

impl Service {
    /// With an item of `kind`, active, from nothing.
    pub(crate) fn new(kind: ItemKind) -> Self {
        let key = ItemKey { kind, id: "item".into() };
        let times = match kind {
            ItemKind::Session => {
                json!({"starts_at": "2031-03-09T10:00:00Z", "ends_at": "2031-03-09T11:00:00Z"})
            }
            ItemKind::Task => json!({"due_at": "2031-03-09T10:00:00Z"}),
            ItemKind::Deadline => json!({"due_on": "2031-03-09"}),
        };
        let mut fields = times.as_object().unwrap().clone();
        for (name, value) in
            [("user_ids", json!(["ana"])), ("title", json!("title 0")), ("status", json!("active"))]
        {
            fields.insert(name.into(), value);
        }
        let body = ItemBody::parse(kind, &fields).unwrap();
        let item = Item { key, body, revision: 1, deleted: false };
        Self {
            google: Google::default(),
            item,
            policy: Policy::default(),
            target: "calendar".into(),
            mapping: Mapping::new(),
            copies: BTreeMap::new(),
            kept: BTreeMap::new(),
            given_up: BTreeSet::new(),
        }
    }

    /// The platform puts the item with `fields` changed; null removes one.
    pub(crate) fn put(&mut self, fields: Value) {
        let mut body = serde_json::to_value(&self.item.body).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.item.body = ItemBody::parse(self.item.key.kind, body.as_object().unwrap()).unwrap();
        self.item.deleted = false;
    }

    /// The platform deletes the item; a later PUT starts anew.
    pub(crate) fn delete(&mut self) {
        self.item.deleted = true;
        self.mapping.event_state = match std::mem::replace(&mut self.mapping.event_state, EventState::Unsent)
        {
            EventState::DeletedByUser => EventState::Deleted,
            EventState::Present { address, copy } | EventState::Unreachable { address, copy } => {
                EventState::Deleting { address, copy: Some(copy), delete_sent_at: None }
            }
            EventState::Unconfirmed { address, copy } | EventState::Deleting { address, copy, .. } => {
                EventState::Deleting { address, copy, delete_sent_at: None }
            }
            event_state => event_state,
        };
    }

    pub(crate) fn is_wanted(&self) -> bool {
        !self.item.deleted
            && self.item.body.status != ItemStatus::Cancelled
            && self.item.body.user_ids.contains("ana")
    }

    pub(crate) fn desired(&self) -> DesiredState {
        let now = "2031-03-01T00:00:00Z".parse().unwrap();
        render(
            &self.item,
            RenderContext { user_id: "ana", user_time_zone: Some("Asia/Seoul"), policy: &self.policy, now },
        )
    }

    /// Later than all that was written at Google, by more than clocks may differ.
    fn now(&self) -> Timestamp {
        self.google.now() + SignedDuration::from_secs(9)
    }

    fn plan_context(&self) -> PlanContext<'_> {
        let event = EventPlace { integration_id: "integration", epoch: 1, calendar_id: &self.target };
        PlanContext { deployment_id: "deployment", event, item: &self.item.key, platform_name: "Platform" }
    }

    /// Where the mapping's event is, as far as the store knows.
    pub(crate) fn here(&self) -> Option<Key> {
        self.mapping.event_state.address().map(key)
    }

    pub(crate) fn next_step(&self) -> PlanStep {
        plan(self.plan_context(), &self.desired(), &self.mapping)
    }

    /// Learns of what changed at Google, as a delta tells.
    pub(crate) fn pull(&mut self) {
        let EventState::Present { address, .. } = &self.mapping.event_state else { return };
        let key = key(address);
        match self.google.is_gone(&key.0) {
            true => self.mapping.abandon_current(),
            false => self.mapping.on_fetched(self.google.get(&key)),
        }
    }

    /// One pass; each call takes the next of `faults`. Whether it settled.
    pub(crate) fn pass(&mut self, faults: &mut impl Iterator<Item = Fault>) -> bool {
        let mut mapping = self.mapping.clone();
        for _ in 0..STEPS_MAX {
            match self.take(&mut mapping, faults) {
                Taken::Done => {}
                Taken::Crashed => {
                    self.crashed();
                    return false;
                }
                Taken::Interrupted => break,
                Taken::Settled(_) => {
                    self.mapping = mapping;
                    return true;
                }
            }
        }
        self.mapping = mapping;
        false
    }

    /// What isn't stored is forgotten.
    fn crashed(&mut self) {
        if let Some(previous) = &mut self.mapping.previous {
            previous.forget_fetched();
        }
    }

    /// Passes without faults until nothing is left to do; answers what is shown then.
    pub(crate) fn settle(&mut self) -> SyncState {
        let mut mapping = self.mapping.clone();
        for _ in 0..STEPS_MAX {
            if let Taken::Settled(state) = self.take(&mut mapping, &mut std::iter::empty()) {
                self.mapping = mapping;
                return state;
            }
        }
        panic!(
            "still {:?} after {STEPS_MAX} steps: {mapping:#?}",
            plan(self.plan_context(), &self.desired(), &mapping)
        )
    }

    /// What is in the store while `step` is under way. What is to be made has its address at once; what is
    /// to be removed is still there, until it was.
    fn intend(&mut self, mapping: &mut Mapping, step: &PlanStep) {
        self.kept.extend(step.lost_edits().map(|user_edit| (user_edit.id(), user_edit.clone())));
        let Some(intent) = step.intent() else { return };
        let mut stored = mapping.clone();
        stored.on_intent(intent.clone(), self.now());
        if let Intent::Insert(address) = intent {
            match &mapping.event_state {
                EventState::Present { address: from, .. } | EventState::Unreachable { address: from, .. } => {
                    self.copies.insert(key(&address), key(from))
                }
                _ => self.copies.remove(&key(&address)),
            };
            mapping.clone_from(&stored);
            self.note_given_up(mapping);
        }
        self.mapping = stored;
    }

    fn take(&mut self, mapping: &mut Mapping, faults: &mut impl Iterator<Item = Fault>) -> Taken {
        let step = plan(self.plan_context(), &self.desired(), mapping);
        if let PlanStep::Done(state, _) = &step {
            return Taken::Settled(*state);
        }
        self.intend(mapping, &step);
        let now = self.now();
        let fault = faults.next().unwrap_or(Fault::None);
        if fault == Fault::CrashBefore {
            return Taken::Crashed;
        }
        if fault == Fault::Refused {
            if matches!(step, PlanStep::Insert { .. }) {
                mapping.on_insert_rejected();
            }
            return Taken::Interrupted;
        }
        let mut after = mapping.clone();
        let taken = self.call(&mut after, step.clone());
        match fault {
            Fault::None => {
                *mapping = after;
                taken
            }
            Fault::AnswerLost => {
                match step {
                    PlanStep::Delete => mapping.on_delete_sent(now),
                    PlanStep::DeletePrevious { .. } => mapping.on_previous_delete_sent(),
                    PlanStep::FetchPrevious => {}
                    _ => mapping.mark_stale(),
                }
                Taken::Interrupted
            }
            Fault::Refused | Fault::CrashBefore | Fault::CrashAfter => Taken::Crashed,
        }
    }

    fn call(&mut self, mapping: &mut Mapping, step: PlanStep) -> Taken {
        if matches!(step, PlanStep::FetchPrevious | PlanStep::DeletePrevious { .. }) {
            self.call_at_previous(mapping, step);
            return Taken::Done;
        }
        let key = key(mapping.event_state.address().unwrap());
        let google = &mut self.google;
        let is_delete = step == PlanStep::Delete;
        let answer = match step {
            PlanStep::Fetch if google.is_gone(&key.0) && mapping.event_state.copy().is_some() => {
                Err(No::Closed)
            }
            PlanStep::Fetch => {
                mapping.on_fetched(google.get(&key));
                Ok(())
            }
            PlanStep::Insert { event, base, .. } => google
                .insert(&key.0, event.clone())
                .map(|made| assert!(mapping.on_written(&event, base, made))),
            PlanStep::Update { etag, event, partial: true, base, .. } => google
                .patch(&key, &etag, event.clone())
                .map(|made| assert!(mapping.on_written(&event, base, made))),
            PlanStep::Update { etag, event, base, .. } => google
                .update(&key, &etag, event.clone())
                .map(|made| assert!(mapping.on_written(&event, base, made))),
            PlanStep::Delete => {
                let answer = google.delete(&key, None);
                match (answer, &mapping.event_state) {
                    (Err(No::Gone), EventState::Present { .. } | EventState::Unreachable { .. })
                        if !google.is_gone(&key.0) =>
                    {
                        mapping.on_deleted_by_user();
                    }
                    (Err(No::Gone), EventState::Deleting { delete_sent_at: Some(_), .. }) => {
                        mapping.on_fetched(google.get(&key));
                    }
                    (Ok(()) | Err(No::Gone), _) => mapping.on_deleted(),
                    (Err(_), _) => {}
                }
                answer.or_else(|no| if no == No::Gone { Ok(()) } else { Err(no) })
            }
            PlanStep::Done(..) | PlanStep::FetchPrevious | PlanStep::DeletePrevious { .. } => Ok(()),
        };
        match answer {
            Ok(()) => Taken::Done,
            Err(No::Closed) => self.closed(mapping, is_delete),
            Err(_) => {
                mapping.mark_stale();
                Taken::Done
            }
        }
    }

    /// A calendar is closed: the target is the user's to change, anything else is given up.
    fn closed(&mut self, mapping: &mut Mapping, was_to_go: bool) -> Taken {
        if !self.plan_context().is_elsewhere(mapping) {
            mapping.on_insert_rejected();
            return Taken::Settled(SyncState::Parked);
        }
        if was_to_go {
            mapping.on_delete_sent(self.now());
        }
        mapping.abandon_current();
        self.note_given_up(mapping);
        Taken::Done
    }

    fn call_at_previous(&mut self, mapping: &mut Mapping, step: PlanStep) {
        let key = key(&mapping.previous.as_ref().unwrap().address);
        match step {
            PlanStep::FetchPrevious => mapping.on_previous_fetched(self.google.get(&key)),
            PlanStep::DeletePrevious { etag, .. } => match self.google.delete(&key, Some(&etag)) {
                Ok(()) => mapping.on_previous_deleted(),
                Err(No::Gone | No::Changed) => mapping.on_previous_changed(),
                Err(_) => mapping.on_previous_delete_refused(),
            },
            _ => {}
        }
        self.note_given_up(mapping);
    }

    fn note_given_up(&mut self, mapping: &Mapping) {
        let is_given_up = |one: &&PreviousLocation| matches!(one.state, PreviousState::Abandoned(_));
        let given_up = mapping.previous.as_ref().filter(is_given_up);
        self.given_up.extend(given_up.map(|one| key(&one.address)));
    }
}

fn key(address: &Address) -> Key {
    (address.calendar_id.clone(), address.google_id.clone())
}
