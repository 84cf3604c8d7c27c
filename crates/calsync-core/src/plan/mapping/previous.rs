//! The location that an item moves away from: the mapping holds it beside the new one until nothing of ours
//! is left there, or until it is given up.

use super::{EventState, Mapping};
use crate::plan::location::{PreviousCopy, PreviousLocation, PreviousState, PreviousVersion, RemoteCopy};
use crate::remote::RemoteEvent;

/// What Google's answers about the previous location tell.
impl Mapping {
    /// The event at the previous location was removed by us.
    pub fn on_previous_deleted(&mut self) {
        self.previous = None;
    }

    /// The event at the previous location is not at the version that the new one was made from, or is gone: by
    /// a call of ours, by its user, or with its whole calendar. A look tells.
    pub fn on_previous_changed(&mut self) {
        if let Some(previous) = self.previous.as_mut().and_then(PreviousLocation::awaits_delete_mut) {
            previous.version = PreviousVersion::Unknown;
        }
    }

    /// A delete at the previous location may have had its effect.
    pub fn on_previous_delete_sent(&mut self) {
        if let Some(previous) = &mut self.previous {
            previous.on_delete_sent();
        }
    }

    /// A fetch at the previous location was answered. If the user had removed the event there before the new
    /// one was made, they took the item off their calendar: then the new one is to go. Whoever
    /// removes one of two that they see keeps the other.
    pub fn on_previous_fetched(&mut self, remote: Option<RemoteEvent>) {
        let Some(mut previous) = self.previous.take_if(|previous| previous.awaits_delete().is_some()) else {
            return;
        };
        match remote {
            Some(event) if event.is_cancelled() => {
                let was_asked = matches!(previous.state, PreviousState::Deleting(_));
                if self.was_made_after(&event, was_asked)
                    && let EventState::Present { address, copy } = self.take_state()
                {
                    self.previous = Some(PreviousLocation::leaving(address, copy));
                    self.on_deleted_by_user();
                }
            }
            Some(event) if self.is_to_stay_at_previous(&event) => self.cancel_move(previous, event),
            Some(event) => {
                if let Some(copy) = previous.awaits_delete_mut() {
                    copy.version = PreviousVersion::Fetched(event);
                }
                self.previous = Some(previous);
            }
            None => {}
        }
        self.check();
    }

    /// Whether `event`, at the previous location, became more than can be copied, or the new location is closed.
    fn is_to_stay_at_previous(&self, event: &RemoteEvent) -> bool {
        match &self.event_state {
            EventState::Present { .. } => !event.can_be_copied(),
            EventState::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// The item stays at the previous location, where its event is now as `event`, and the new one is to go. If
    /// that can't be copied either, both stay.
    fn cancel_move(&mut self, old: PreviousLocation, event: RemoteEvent) {
        let PreviousLocation { address: old_address, state } = old;
        let (PreviousState::Present(old) | PreviousState::Deleting(old)) = state else { return };
        let new = match self.take_state() {
            EventState::Present { address, copy } if copy.event.can_be_copied() => {
                let copy = RemoteCopy { event: old.copy.event, base: copy.base };
                let version = PreviousVersion::Unknown;
                PreviousLocation { address, state: PreviousState::Present(PreviousCopy { copy, version }) }
            }
            EventState::Unreachable { address, .. } => PreviousLocation::abandoned(address),
            other => {
                self.event_state = other;
                self.previous = Some(PreviousLocation::abandoned(old_address));
                return;
            }
        };
        self.previous = Some(new);
        let copy = RemoteCopy { event, base: old.copy.base };
        self.event_state = EventState::Present { address: old_address, copy };
    }

    /// Whether the mapping's event was made after another was removed. We remove after that, so where the
    /// times don't tell, it was not us if we never asked.
    fn was_made_after(&self, tombstone: &RemoteEvent, was_asked: bool) -> bool {
        let EventState::Present { copy, .. } = &self.event_state else { return false };
        match copy.event.created_at().zip(tombstone.updated_at()) {
            Some((made, removed)) if made != removed => made > removed,
            _ => !was_asked,
        }
    }

    /// Google refuses to remove the event at the previous location, or to show it. What its user did to it is
    /// looked at once more.
    pub fn on_previous_delete_refused(&mut self) {
        let Some(previous) = &mut self.previous else { return };
        match previous.awaits_delete_mut() {
            Some(copy) if copy.version == PreviousVersion::Copied => copy.version = PreviousVersion::Unknown,
            _ => previous.state = PreviousState::Abandoned(None),
        }
    }

    /// The calendar that the mapping's event is in, and which is not the target any more, is closed to
    /// us. What was last known of the event is all that goes to the new location.
    pub fn abandon_current(&mut self) {
        if self.return_to_previous() {
            return;
        }
        if let Some(previous) = &mut self.previous {
            previous.forget_fetched();
        }
        self.event_state = match self.take_state() {
            EventState::Unconfirmed { address, copy: Some(copy) }
            | EventState::Present { address, copy }
            | EventState::Unreachable { address, copy } => EventState::Unreachable { address, copy },
            EventState::Unconfirmed { address, copy: None } => {
                self.previous = Some(PreviousLocation::abandoned(address));
                EventState::Unsent
            }
            EventState::Deleting { address, .. } => {
                self.previous = Some(PreviousLocation::abandoned(address));
                EventState::Deleted
            }
            nowhere @ (EventState::Unsent | EventState::Deleted | EventState::DeletedByUser) => nowhere,
        };
        self.check();
    }

    /// The item is back at the previous location, if there is one, since the new one is out of our reach.
    pub(super) fn return_to_previous(&mut self) -> bool {
        let awaits_delete = matches!(self.event_state, EventState::Deleting { .. });
        let is_there = |old: &PreviousLocation| match old.state {
            PreviousState::Present(_) => true,
            PreviousState::Deleting(_) => awaits_delete,
            PreviousState::Abandoned(_) => false,
        };
        let Some(old) = self.previous.take_if(|old| is_there(old)) else { return false };
        self.previous = self.event_state.address().cloned().map(PreviousLocation::abandoned);
        self.restore(old);
        if awaits_delete && let Some(address) = self.event_state.address().cloned() {
            let copy = self.take_state().into_copy();
            self.event_state = EventState::Deleting { address, copy, delete_sent_at: None };
        }
        self.check();
        true
    }

    /// The item is still at the previous location, if there is one: Google never heard of the new one. What was
    /// copied from a closed calendar is still all that we have.
    pub(super) fn keep_previous(&mut self) {
        let is_source = |old: &PreviousLocation| match &old.state {
            PreviousState::Present(_) => true,
            PreviousState::Deleting(_) => false,
            PreviousState::Abandoned(copy) => copy.is_some(),
        };
        if let Some(old) = self.previous.take_if(|old| is_source(old)) {
            self.restore(old);
        }
    }

    /// The mapping's event is the one at the previous location.
    fn restore(&mut self, old: PreviousLocation) {
        let address = old.address;
        self.event_state = match old.state {
            PreviousState::Present(old) | PreviousState::Deleting(old) => match old.version {
                PreviousVersion::Copied => EventState::Present { address, copy: old.copy },
                PreviousVersion::Unknown | PreviousVersion::Fetched(_) => {
                    EventState::Unconfirmed { address, copy: Some(old.copy) }
                }
            },
            PreviousState::Abandoned(Some(copy)) => EventState::Unreachable { address, copy },
            PreviousState::Abandoned(None) => EventState::Unsent,
        };
    }
}
