//! Where an item's event is at Google, and what is known of the one that it moves away from.

use crate::managed::Base;
use crate::remote::RemoteEvent;
use crate::text_enum::text_enum;

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

text_enum! {
    /// What is known of the event at the location that its item moves away from.
    PreviousState {
        /// It is there, and it is to go.
        Present => "present",
        /// A delete may have been sent.
        Deleting => "deleting",
        /// It can't be removed, and nobody tries any more.
        Abandoned => "abandoned",
    }
}

/// An event of ours at the location that its item moves away from.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviousLocation {
    /// Where it is.
    pub address: Address,
    /// What is known of it.
    pub state: PreviousState,
    /// The event as the one at the new location has it; without an etag once it is at another version.
    pub copy: Option<RemoteEvent>,
    /// What both sides last agreed on there.
    pub base: Option<Base>,
    /// The event as it was read since, if its user may have changed it. Not stored: it is read again.
    pub seen: Option<RemoteEvent>,
}

impl PreviousLocation {
    /// Whether it is still to go.
    pub fn awaits_delete(&self) -> bool {
        self.state != PreviousState::Abandoned
    }

    /// The version that may be removed: nothing in it is unknown at the new location.
    pub(super) fn etag(&self) -> Option<&str> {
        self.copy.as_ref().map(RemoteEvent::etag).filter(|etag| !etag.is_empty())
    }

    /// It stays there for good, and nothing is to be made of it any more.
    pub(super) fn abandon(&mut self) {
        self.state = PreviousState::Abandoned;
        (self.copy, self.base, self.seen) = (None, None, None);
    }

    pub(super) fn forget_version(&mut self) {
        self.seen = None;
        if let Some(copy) = &mut self.copy {
            copy.forget_etag();
        }
    }
}
