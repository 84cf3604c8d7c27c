//! The part of the engine that the planner needs: stores what Google is about to be told, takes
//! the steps, and forgets in a crash what was not stored.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::event_id::EventPlace;
use calsync_core::item::{Item, ItemBody, ItemKey, ItemKind, ItemStatus};
use calsync_core::plan::{Address, LeavingPhase, Pair, Phase, Place, Step, plan};
use calsync_core::policy::Policy;
use calsync_core::render::{View, Want, want};
use calsync_core::sync_state::SyncState;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::google::{Google, Key, No};

/// More steps than this to settle one pair would be going round in circles.
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
    pub(crate) pair: Pair,
    /// Which event each copy of a move was made from.
    pub(crate) copies: BTreeMap<Key, Key>,
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
            pair: Pair::new(),
            copies: BTreeMap::new(),
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
        self.pair.removing_since = None;
        self.pair.phase = match self.pair.phase {
            Phase::RemovedByUser => Phase::RemovedByUs,
            Phase::There | Phase::Told => Phase::Removing,
            phase => phase,
        };
    }

    pub(crate) fn is_wanted(&self) -> bool {
        !self.item.deleted
            && self.item.body.status != ItemStatus::Cancelled
            && self.item.body.user_ids.contains("ana")
    }

    pub(crate) fn want(&self) -> Want {
        let now = "2031-03-01T00:00:00Z".parse().unwrap();
        want(
            &self.item,
            View { user_id: "ana", user_time_zone: Some("Asia/Seoul"), policy: &self.policy, now },
        )
    }

    /// Later than all that was written at Google, by more than clocks may differ.
    fn now(&self) -> Timestamp {
        self.google.now() + SignedDuration::from_secs(9)
    }

    fn place(&self) -> Place<'_> {
        let event = EventPlace { integration_id: "integration", epoch: 1, calendar_id: &self.target };
        Place { deployment_id: "deployment", event, item: &self.item.key, platform_name: "Platform" }
    }

    /// Where the pair's event is, as far as the store knows.
    pub(crate) fn here(&self) -> Option<Key> {
        self.pair.address.as_ref().map(key)
    }

    pub(crate) fn next_step(&self) -> Step {
        plan(self.place(), &self.want(), &self.pair)
    }

    /// Learns of what changed at Google, as a delta tells.
    pub(crate) fn pull(&mut self) {
        let Some(key) = self.here().filter(|_| self.pair.phase == Phase::There) else { return };
        match self.google.is_gone(&key.0) {
            true => self.pair.give_up_here(),
            false => self.pair.looked(self.google.get(&key)),
        }
    }

    /// One pass; each call takes the next of `faults`. Whether it settled.
    pub(crate) fn pass(&mut self, faults: &mut impl Iterator<Item = Fault>) -> bool {
        let mut pair = self.pair.clone();
        for _ in 0..STEPS_MAX {
            match self.take(&mut pair, faults) {
                Taken::Done => {}
                Taken::Crashed => {
                    self.crashed();
                    return false;
                }
                Taken::Interrupted => break,
                Taken::Settled(_) => {
                    self.pair = pair;
                    return true;
                }
            }
        }
        self.pair = pair;
        false
    }

    /// What isn't stored is forgotten.
    fn crashed(&mut self) {
        if let Some(leaving) = &mut self.pair.leaving {
            leaving.seen = None;
        }
    }

    /// Passes without faults until nothing is left to do; answers what is shown then.
    pub(crate) fn settle(&mut self) -> SyncState {
        let mut pair = self.pair.clone();
        for _ in 0..STEPS_MAX {
            if let Taken::Settled(state) = self.take(&mut pair, &mut std::iter::empty()) {
                self.pair = pair;
                return state;
            }
        }
        panic!("still {:?} after {STEPS_MAX} steps: {pair:#?}", plan(self.place(), &self.want(), &pair))
    }

    /// What is in the store while `step` is under way.
    fn intend(&mut self, pair: &mut Pair, step: &Step) {
        match step {
            Step::Insert { address, .. } => {
                match pair.address.as_ref().filter(|_| pair.phase == Phase::There) {
                    Some(from) => self.copies.insert(key(address), key(from)),
                    None => self.copies.remove(&key(address)),
                };
                pair.telling(address.clone());
                self.note_given_up(pair);
                self.pair = pair.clone();
            }
            Step::Delete => {
                self.pair = pair.clone();
                self.pair.removing(self.now());
            }
            Step::DeleteOld { .. } => {
                self.pair = pair.clone();
                self.pair.may_have_left();
            }
            Step::Settle(..) | Step::Look | Step::LookAtOld | Step::Update { .. } => {}
        }
    }

    fn take(&mut self, pair: &mut Pair, faults: &mut impl Iterator<Item = Fault>) -> Taken {
        let step = plan(self.place(), &self.want(), pair);
        if let Step::Settle(state, _) = &step {
            return Taken::Settled(*state);
        }
        self.intend(pair, &step);
        let now = self.now();
        let fault = faults.next().unwrap_or(Fault::None);
        if fault == Fault::CrashBefore {
            return Taken::Crashed;
        }
        if fault == Fault::Refused {
            if matches!(step, Step::Insert { .. }) {
                pair.not_told();
            }
            return Taken::Interrupted;
        }
        let mut after = pair.clone();
        let taken = self.call(&mut after, step.clone());
        match fault {
            Fault::None => {
                *pair = after;
                taken
            }
            Fault::AnswerLost => {
                match step {
                    Step::Delete => pair.removing(now),
                    Step::DeleteOld { .. } => pair.may_have_left(),
                    Step::LookAtOld => {}
                    _ => pair.doubt(),
                }
                Taken::Interrupted
            }
            Fault::Refused | Fault::CrashBefore | Fault::CrashAfter => Taken::Crashed,
        }
    }

    fn call(&mut self, pair: &mut Pair, step: Step) -> Taken {
        if matches!(step, Step::LookAtOld | Step::DeleteOld { .. }) {
            self.call_at_old(pair, step);
            return Taken::Done;
        }
        let key = key(pair.address.as_ref().unwrap());
        let google = &mut self.google;
        let is_delete = step == Step::Delete;
        let answer = match step {
            Step::Look if google.is_gone(&key.0) && pair.remote.is_some() => Err(No::Closed),
            Step::Look => {
                pair.looked(google.get(&key));
                Ok(())
            }
            Step::Insert { event, base, .. } => {
                google.insert(&key.0, event.clone()).map(|made| assert!(pair.written(&event, base, made)))
            }
            Step::Update { etag, event, partial: true, base, .. } => {
                google.patch(&key, &etag, event.clone()).map(|made| assert!(pair.written(&event, base, made)))
            }
            Step::Update { etag, event, base, .. } => google
                .update(&key, &etag, event.clone())
                .map(|made| assert!(pair.written(&event, base, made))),
            Step::Delete => {
                let answer = google.delete(&key, None);
                match (answer, pair.phase) {
                    (Err(No::Gone), Phase::There) if !google.is_gone(&key.0) => pair.removed_by_user(),
                    (Err(No::Gone), Phase::Removing) if pair.removing_since.is_some() => {
                        pair.looked(google.get(&key));
                    }
                    (Ok(()) | Err(No::Gone), _) => pair.removed(),
                    (Err(_), _) => {}
                }
                answer.or_else(|no| if no == No::Gone { Ok(()) } else { Err(no) })
            }
            Step::Settle(..) | Step::LookAtOld | Step::DeleteOld { .. } => Ok(()),
        };
        match answer {
            Ok(()) => Taken::Done,
            Err(No::Closed) => self.closed(pair, is_delete),
            Err(_) => {
                pair.doubt();
                Taken::Done
            }
        }
    }

    /// A calendar is closed: the target is the user's to change, anything else is given up.
    fn closed(&mut self, pair: &mut Pair, was_to_go: bool) -> Taken {
        if !self.place().is_elsewhere(pair) {
            pair.not_told();
            return Taken::Settled(SyncState::Parked);
        }
        if was_to_go {
            pair.removing(self.now());
        }
        pair.give_up_here();
        self.note_given_up(pair);
        Taken::Done
    }

    fn call_at_old(&mut self, pair: &mut Pair, step: Step) {
        let key = key(&pair.leaving.as_ref().unwrap().address);
        match step {
            Step::LookAtOld => pair.looked_at_old(self.google.get(&key)),
            Step::DeleteOld { etag } => match self.google.delete(&key, Some(&etag)) {
                Ok(()) => pair.old_removed(),
                Err(No::Gone | No::Changed) => pair.old_changed(),
                Err(_) => pair.old_refused(),
            },
            _ => {}
        }
        self.note_given_up(pair);
    }

    fn note_given_up(&mut self, pair: &Pair) {
        let given_up = pair.leaving.as_ref().filter(|one| one.phase == LeavingPhase::GivenUp);
        self.given_up.extend(given_up.map(|one| key(&one.address)));
    }
}

fn key(address: &Address) -> Key {
    (address.calendar_id.clone(), address.google_id.clone())
}
