//! Where an item's event is at Google, and what is known of the one that it moves away from.

use crate::managed::Base;
use crate::remote::RemoteEvent;

/// Where Google keeps an event of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The calendar.
    pub calendar_id: String,
    /// The event's id there.
    pub google_id: String,
    /// The part of the id that sets it apart from earlier events of the same item.
    pub generation: i64,
}

/// An event at Google as it was last seen.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteCopy {
    /// The whole event.
    pub event: RemoteEvent,
    /// What both sides last agreed on; none where that can't be told.
    pub base: Option<Base>,
}

/// An event of ours at the location that its item moves away from.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviousLocation {
    /// Where it is.
    pub address: Address,
    /// What is known of it.
    pub state: PreviousState,
}

/// What is known of the event at the location that its item moves away from.
#[derive(Clone, Debug, PartialEq)]
pub enum PreviousState {
    /// It is there, and it is to go.
    Present(PreviousCopy),
    /// A delete may have been sent.
    Deleting(PreviousCopy),
    /// It can't be removed, and nobody tries any more. Until the new event is there, what was last known of
    /// this one may be all that it can be made from.
    Abandoned(Option<RemoteCopy>),
}

/// An event that is to go, as the one at the new location has it.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviousCopy {
    /// The event, and what both sides last agreed on there.
    pub copy: RemoteCopy,
    /// Whether it is still so.
    pub version: PreviousVersion,
}

/// At which version an event is that is to go.
#[derive(Clone, Debug, PartialEq)]
pub enum PreviousVersion {
    /// At the copy's: it may be removed, since nothing in it is unknown at the new location.
    Copied,
    /// At another, or it is gone: a fetch tells.
    Unknown,
    /// As it was fetched since. Not stored: it is fetched again.
    Fetched(RemoteEvent),
}

impl PreviousLocation {
    /// An event that is to go, and that the new one is a copy of.
    pub(super) const fn leaving(address: Address, copy: RemoteCopy) -> Self {
        let version = PreviousVersion::Copied;
        Self { address, state: PreviousState::Present(PreviousCopy { copy, version }) }
    }

    /// An event that stays there for good.
    pub(super) const fn abandoned(address: Address) -> Self {
        Self { address, state: PreviousState::Abandoned(None) }
    }

    /// The event, while it is still to go.
    pub const fn awaits_delete(&self) -> Option<&PreviousCopy> {
        match &self.state {
            PreviousState::Present(one) | PreviousState::Deleting(one) => Some(one),
            PreviousState::Abandoned(_) => None,
        }
    }

    pub(super) const fn awaits_delete_mut(&mut self) -> Option<&mut PreviousCopy> {
        match &mut self.state {
            PreviousState::Present(one) | PreviousState::Deleting(one) => Some(one),
            PreviousState::Abandoned(_) => None,
        }
    }

    pub(super) fn on_delete_sent(&mut self) {
        self.state = match std::mem::replace(&mut self.state, PreviousState::Abandoned(None)) {
            PreviousState::Present(copy) => PreviousState::Deleting(copy),
            other => other,
        };
    }

    /// What was fetched and not stored is forgotten.
    pub fn forget_fetched(&mut self) {
        if let Some(previous) = self.awaits_delete_mut()
            && matches!(previous.version, PreviousVersion::Fetched(_))
        {
            previous.version = PreviousVersion::Unknown;
        }
    }
}

impl PreviousCopy {
    /// The event as it was fetched since it was copied.
    pub(super) const fn fetched(&self) -> Option<&RemoteEvent> {
        match &self.version {
            PreviousVersion::Fetched(event) => Some(event),
            PreviousVersion::Copied | PreviousVersion::Unknown => None,
        }
    }

    /// What its user did to it since is done to the new one.
    pub(super) fn on_copied(&mut self) {
        if let PreviousVersion::Fetched(event) =
            std::mem::replace(&mut self.version, PreviousVersion::Unknown)
        {
            (self.copy.event, self.version) = (event, PreviousVersion::Copied);
        }
    }
}
