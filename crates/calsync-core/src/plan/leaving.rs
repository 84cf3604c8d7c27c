//! The place that an item moves away from: the pair holds it beside the new one until nothing of ours
//! is left there, or until it is given up.

use super::moving::can_move;
use super::pair::{Address, Pair, Phase};
use crate::named::named;
use crate::owned::Base;
use crate::remote::RemoteEvent;

named! {
    /// What is known of the event at the place that its item moves away from.
    LeavingPhase {
        /// It is there, and it is to go.
        There => "there",
        /// A delete may have been sent.
        Removing => "removing",
        /// It can't be removed, and nobody tries any more.
        GivenUp => "given_up",
    }
}

/// An event of ours at the place that its item moves away from.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaving {
    /// Where it is.
    pub address: Address,
    /// What is known of it.
    pub phase: LeavingPhase,
    /// The event as the one at the new place has it; without an etag once it is at another version.
    pub copy: Option<RemoteEvent>,
    /// What both sides last agreed on there.
    pub base: Option<Base>,
    /// The event as it was read since, if its user may have changed it. Not stored: it is read again.
    pub seen: Option<RemoteEvent>,
}

impl Leaving {
    /// Whether it is still to go.
    pub fn is_to_go(&self) -> bool {
        self.phase != LeavingPhase::GivenUp
    }

    /// The version that may be removed: nothing in it is unknown at the new place.
    pub(super) fn etag(&self) -> Option<&str> {
        self.copy.as_ref().map(RemoteEvent::etag).filter(|etag| !etag.is_empty())
    }

    /// It stays there for good, and nothing is to be made of it any more.
    pub(super) fn give_up(&mut self) {
        self.phase = LeavingPhase::GivenUp;
        (self.copy, self.base, self.seen) = (None, None, None);
    }

    fn forget_version(&mut self) {
        self.seen = None;
        if let Some(copy) = &mut self.copy {
            copy.forget_etag();
        }
    }
}

/// What Google's answers about the old place tell.
impl Pair {
    /// The pair's event becomes the one that is to go.
    pub(super) fn leave(&mut self, phase: LeavingPhase) {
        if let Some(address) = self.address.take() {
            let (copy, base) = (self.remote.take(), self.base.take());
            self.leaving = Some(Leaving { address, phase, copy, base, seen: None });
        }
    }

    /// The event at the old place was removed by us.
    pub fn old_removed(&mut self) {
        self.leaving = None;
    }

    /// The event at the old place is not at the version that the new one was made from, or is gone: by
    /// a call of ours, by its user, or with its whole calendar. A look tells.
    pub fn old_changed(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.forget_version();
        }
    }

    /// A delete at the old place may have had its effect.
    pub fn may_have_left(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.phase = LeavingPhase::Removing;
        }
    }

    /// A look at the old place was answered. If the user had removed the event there before the new
    /// one was made, they took the item off their calendar: then the new one is to go. Whoever
    /// removes one of two that they see keeps the other.
    pub fn looked_at_old(&mut self, remote: Option<RemoteEvent>) {
        let Some(mut leaving) = self.leaving.take() else { return };
        match remote {
            Some(event) if event.is_cancelled() && self.was_made_after(&event, leaving.phase) => {
                self.leave(LeavingPhase::There);
                self.removed_by_user();
            }
            Some(event) if event.is_cancelled() => {}
            Some(event) if self.phase == Phase::There && (!can_move(&event) || self.is_closed()) => {
                self.turn_back(leaving, event);
            }
            Some(event) => {
                leaving.seen = Some(event);
                self.leaving = Some(leaving);
            }
            None => {}
        }
    }

    /// Whether the calendar of the event is closed to us.
    pub(super) fn is_closed(&self) -> bool {
        self.remote.as_ref().is_some_and(|event| event.etag().is_empty())
    }

    /// The event at the old place became more than can be copied, or the new place is closed: the item
    /// stays at the old one, and the new one is to go. If that can't be copied either, both stay.
    fn turn_back(&mut self, mut old: Leaving, event: RemoteEvent) {
        if self.remote.as_ref().is_some_and(can_move) {
            self.leave(if self.is_closed() { LeavingPhase::GivenUp } else { LeavingPhase::There });
            if let Some(new) = &mut self.leaving {
                new.copy = old.copy;
                new.forget_version();
            }
            (self.address, self.remote, self.base) = (Some(old.address), Some(event), old.base);
        } else {
            old.give_up();
            self.leaving = Some(old);
        }
    }

    /// Whether the pair's event was made after another was removed. We remove after that, so where the
    /// times don't tell, it was not us if we never asked.
    fn was_made_after(&self, tombstone: &RemoteEvent, phase: LeavingPhase) -> bool {
        let Some(event) = self.remote.as_ref().filter(|_| self.phase == Phase::There) else { return false };
        match event.created_at().zip(tombstone.updated_at()) {
            Some((made, removed)) if made != removed => made > removed,
            _ => phase == LeavingPhase::There,
        }
    }

    /// Google refuses to remove the event at the old place, or to show it. What its user did to it is
    /// looked at once more.
    pub fn old_refused(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            match leaving.etag().is_some() && leaving.seen.is_none() {
                true => leaving.forget_version(),
                false => leaving.give_up(),
            }
        }
    }

    /// The calendar that the pair's event is in, and which is not the target any more, is closed to
    /// us. What was last known of the event is all that goes to the new place.
    pub fn give_up_here(&mut self) {
        if self.try_return_to_old() {
            return;
        }
        if let Some(leaving) = &mut self.leaving {
            leaving.seen = None;
        }
        match (self.phase, &mut self.remote) {
            (Phase::Told | Phase::There, Some(remote)) => {
                remote.forget_etag();
                self.phase = Phase::There;
            }
            _ => {
                let was_to_go = self.phase == Phase::Removing;
                self.phase = if was_to_go { Phase::RemovedByUs } else { Phase::Untold };
                self.leave_for_good();
            }
        }
    }

    /// The pair's event stays where it is.
    fn leave_for_good(&mut self) {
        self.leave(LeavingPhase::GivenUp);
        if let Some(leaving) = &mut self.leaving {
            leaving.give_up();
        }
    }

    /// The item is back at the old place, if there is one, since the new one is out of our reach.
    pub(super) fn try_return_to_old(&mut self) -> bool {
        let is_to_go = self.phase == Phase::Removing;
        let is_there = |old: &Leaving| match old.phase {
            LeavingPhase::There => old.copy.is_some(),
            LeavingPhase::Removing => is_to_go,
            LeavingPhase::GivenUp => false,
        };
        let Some(old) = self.leaving.take_if(|old| is_there(old)) else { return false };
        self.leave_for_good();
        self.go_back_to(old);
        if is_to_go {
            (self.phase, self.removing_since) = (Phase::Removing, None);
        }
        true
    }

    /// The item is still at the old place, if there is one: Google never heard of the new one. What was
    /// copied from a closed calendar is still all that we have.
    pub(super) fn try_stay_at_old(&mut self) -> bool {
        let is_source = |old: &Leaving| match old.phase {
            LeavingPhase::There => true,
            LeavingPhase::Removing => false,
            LeavingPhase::GivenUp => true,
        };
        let Some(old) = self.leaving.take_if(|old| old.copy.is_some() && is_source(old)) else {
            return false;
        };
        self.go_back_to(old);
        true
    }

    fn go_back_to(&mut self, old: Leaving) {
        let is_known = old.etag().is_some() || old.phase == LeavingPhase::GivenUp;
        self.phase = if is_known { Phase::There } else { Phase::Told };
        (self.address, self.remote, self.base) = (Some(old.address), old.copy, old.base);
    }
}
