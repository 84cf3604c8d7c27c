//! The part of the engine that the planner needs: stores what Google is about to be told, takes
//! the steps, and forgets in a crash what was not stored.

use calsync_core::event_id::EventPlace;
use calsync_core::item::{Item, ItemBody, ItemKey, ItemKind, ItemStatus};
use calsync_core::plan::{Pair, Phase, Place, Step, plan};
use calsync_core::policy::Policy;
use calsync_core::render::{View, Want, want};
use calsync_core::sync_state::SyncState;
use serde_json::{Value, json};

use crate::google::{Google, No};

/// More steps than this to settle one pair would be going round in circles.
pub(crate) const STEPS_MAX: usize = 6;

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
    /// What is in the store.
    pub(crate) pair: Pair,
    /// Whether a delete met a fault: then nobody can tell any more who removed the event.
    pub(crate) delete_was_unclear: bool,
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
        let (google, pair) = (Google::default(), Pair::new());
        Self { google, item, policy: Policy::default(), pair, delete_was_unclear: false }
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

    fn place(&self) -> Place<'_> {
        let event = EventPlace { integration_id: "integration", epoch: 1, calendar_id: "calendar" };
        Place { deployment_id: "deployment", event, item: &self.item.key, platform_name: "Platform" }
    }

    pub(crate) fn event_id(&self) -> String {
        self.place().event_id(self.pair.generation)
    }

    pub(crate) fn next_step(&self) -> Step {
        plan(self.place(), &self.want(), &self.pair)
    }

    /// Learns of what changed at Google, as a delta tells.
    pub(crate) fn pull(&mut self) {
        if self.pair.phase == Phase::There {
            self.pair.looked(self.google.get(&self.event_id()));
        }
    }

    /// One pass; each call takes the next of `faults`. Whether it settled.
    pub(crate) fn pass(&mut self, faults: &mut impl Iterator<Item = Fault>) -> bool {
        let mut pair = self.pair.clone();
        for _ in 0..STEPS_MAX {
            match self.take(&mut pair, faults) {
                Taken::Done => {}
                Taken::Crashed => return false,
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

    fn take(&mut self, pair: &mut Pair, faults: &mut impl Iterator<Item = Fault>) -> Taken {
        let step = plan(self.place(), &self.want(), pair);
        let before = pair.phase;
        match &step {
            Step::Settle(state, _) => return Taken::Settled(*state),
            Step::Insert { generation, .. } => pair.telling(*generation),
            Step::Delete => pair.removing(),
            Step::Look | Step::Update { .. } => {}
        }
        if matches!(step, Step::Insert { .. } | Step::Delete) {
            self.pair = pair.clone();
        }
        let fault = faults.next().unwrap_or(Fault::None);
        self.delete_was_unclear |= step == Step::Delete && fault != Fault::None;
        if fault == Fault::CrashBefore {
            return Taken::Crashed;
        }
        if fault == Fault::Refused {
            if matches!(step, Step::Insert { .. }) {
                pair.not_told();
            }
            return Taken::Interrupted;
        }
        let id = self.place().event_id(pair.generation);
        let mut after = pair.clone();
        self.call(&mut after, step, &id, before);
        match fault {
            Fault::None => {
                *pair = after;
                Taken::Done
            }
            Fault::AnswerLost => {
                pair.doubt();
                Taken::Interrupted
            }
            Fault::Refused | Fault::CrashBefore | Fault::CrashAfter => Taken::Crashed,
        }
    }

    fn call(&mut self, pair: &mut Pair, step: Step, id: &str, before: Phase) {
        let google = &mut self.google;
        match step {
            Step::Settle(..) => {}
            Step::Look => pair.looked(google.get(id)),
            Step::Insert { event, base, .. } => match google.insert(event) {
                Ok(made) => pair.written(made, base),
                Err(_) => pair.doubt(),
            },
            Step::Update { etag, event, partial, base, .. } => {
                let answer =
                    if partial { google.patch(id, &etag, event) } else { google.update(id, &etag, event) };
                match answer {
                    Ok(made) => pair.written(made, base),
                    Err(_) => pair.doubt(),
                }
            }
            Step::Delete => {
                let answer = google.delete(id);
                pair.removed();
                if answer == Err(No::Gone) && before == Phase::There {
                    pair.removed_by_user();
                }
            }
        }
    }
}
