//! The location that an item moves away from: the mapping holds it beside the new one until nothing of ours
//! is left there, or until it is given up.

use super::{EventState, Mapping};
use crate::plan::location::{PreviousLocation, PreviousState};
use crate::remote::RemoteEvent;

/// What Google's answers about the previous location tell.
impl Mapping {
    /// The mapping's event becomes the one that is to go.
    pub(super) fn set_previous(&mut self, state: PreviousState) {
        if let Some(address) = self.address.take() {
            let (copy, base) = (self.remote.take(), self.base.take());
            self.previous = Some(PreviousLocation { address, state, copy, base, seen: None });
        }
    }

    /// The event at the previous location was removed by us.
    pub fn on_previous_deleted(&mut self) {
        self.previous = None;
    }

    /// The event at the previous location is not at the version that the new one was made from, or is gone: by
    /// a call of ours, by its user, or with its whole calendar. A look tells.
    pub fn on_previous_changed(&mut self) {
        if let Some(previous) = &mut self.previous {
            previous.forget_version();
        }
    }

    /// A delete at the previous location may have had its effect.
    pub fn on_previous_delete_sent(&mut self) {
        if let Some(previous) = &mut self.previous {
            previous.state = PreviousState::Deleting;
        }
    }

    /// A fetch at the previous location was answered. If the user had removed the event there before the new
    /// one was made, they took the item off their calendar: then the new one is to go. Whoever
    /// removes one of two that they see keeps the other.
    pub fn on_previous_fetched(&mut self, remote: Option<RemoteEvent>) {
        let Some(mut previous) = self.previous.take() else { return };
        match remote {
            Some(event) if event.is_cancelled() && self.was_made_after(&event, previous.state) => {
                self.set_previous(PreviousState::Present);
                self.on_deleted_by_user();
            }
            Some(event) if event.is_cancelled() => {}
            Some(event)
                if self.event_state == EventState::Present && (!event.can_move() || self.is_closed()) =>
            {
                self.cancel_move(previous, event);
            }
            Some(event) => {
                previous.seen = Some(event);
                self.previous = Some(previous);
            }
            None => {}
        }
    }

    /// Whether the calendar of the event is closed to us.
    pub(super) fn is_closed(&self) -> bool {
        self.remote.as_ref().is_some_and(|event| event.etag().is_empty())
    }

    /// The event at the previous location became more than can be copied, or the new location is closed: the item
    /// stays at the old one, and the new one is to go. If that can't be copied either, both stay.
    fn cancel_move(&mut self, mut old: PreviousLocation, event: RemoteEvent) {
        if self.remote.as_ref().is_some_and(RemoteEvent::can_move) {
            self.set_previous(if self.is_closed() {
                PreviousState::Abandoned
            } else {
                PreviousState::Present
            });
            if let Some(new) = &mut self.previous {
                new.copy = old.copy;
                new.forget_version();
            }
            (self.address, self.remote, self.base) = (Some(old.address), Some(event), old.base);
        } else {
            old.abandon();
            self.previous = Some(old);
        }
    }

    /// Whether the mapping's event was made after another was removed. We remove after that, so where the
    /// times don't tell, it was not us if we never asked.
    fn was_made_after(&self, tombstone: &RemoteEvent, state: PreviousState) -> bool {
        let Some(event) = self.remote.as_ref().filter(|_| self.event_state == EventState::Present) else {
            return false;
        };
        match event.created_at().zip(tombstone.updated_at()) {
            Some((made, removed)) if made != removed => made > removed,
            _ => state == PreviousState::Present,
        }
    }

    /// Google refuses to remove the event at the previous location, or to show it. What its user did to it is
    /// looked at once more.
    pub fn on_previous_delete_refused(&mut self) {
        if let Some(previous) = &mut self.previous {
            match previous.etag().is_some() && previous.seen.is_none() {
                true => previous.forget_version(),
                false => previous.abandon(),
            }
        }
    }

    /// The calendar that the mapping's event is in, and which is not the target any more, is closed to
    /// us. What was last known of the event is all that goes to the new location.
    pub fn abandon_current(&mut self) {
        if self.return_to_previous() {
            return;
        }
        if let Some(previous) = &mut self.previous {
            previous.seen = None;
        }
        match (self.event_state, &mut self.remote) {
            (EventState::Unconfirmed | EventState::Present, Some(remote)) => {
                remote.forget_etag();
                self.event_state = EventState::Present;
            }
            _ => {
                let was_to_go = self.event_state == EventState::Deleting;
                self.event_state = if was_to_go { EventState::Deleted } else { EventState::Unsent };
                self.abandon();
            }
        }
    }

    /// The mapping's event stays where it is.
    fn abandon(&mut self) {
        self.set_previous(PreviousState::Abandoned);
        if let Some(previous) = &mut self.previous {
            previous.abandon();
        }
    }

    /// The item is back at the previous location, if there is one, since the new one is out of our reach.
    pub(super) fn return_to_previous(&mut self) -> bool {
        let awaits_delete = self.event_state == EventState::Deleting;
        let is_there = |old: &PreviousLocation| match old.state {
            PreviousState::Present => old.copy.is_some(),
            PreviousState::Deleting => awaits_delete,
            PreviousState::Abandoned => false,
        };
        let Some(old) = self.previous.take_if(|old| is_there(old)) else { return false };
        self.abandon();
        self.restore(old);
        if awaits_delete {
            (self.event_state, self.delete_sent_at) = (EventState::Deleting, None);
        }
        true
    }

    /// The item is still at the previous location, if there is one: Google never heard of the new one. What was
    /// copied from a closed calendar is still all that we have.
    pub(super) fn keep_previous(&mut self) -> bool {
        let is_source = |old: &PreviousLocation| match old.state {
            PreviousState::Present => true,
            PreviousState::Deleting => false,
            PreviousState::Abandoned => true,
        };
        let Some(old) = self.previous.take_if(|old| old.copy.is_some() && is_source(old)) else {
            return false;
        };
        self.restore(old);
        true
    }

    fn restore(&mut self, old: PreviousLocation) {
        let is_known = old.etag().is_some() || old.state == PreviousState::Abandoned;
        self.event_state = if is_known { EventState::Present } else { EventState::Unconfirmed };
        (self.address, self.remote, self.base) = (Some(old.address), old.copy, old.base);
    }
}
