//! A mapping: one item in one integration, and what is known of it at Google. Each answer of
//! Google's moves it by one of the functions here; those that tell of the location that its item moves
//! away from are in a file of their own.

mod previous;

use jiff::{SignedDuration, Timestamp};

use super::answer;
use super::location::{Address, PreviousLocation, PreviousState};
use crate::managed::Base;
use crate::remote::RemoteEvent;
use crate::text_enum::text_enum;

text_enum! {
    /// What is known of a mapping's event at Google.
    ///
    /// ```text
    ///            insert sent               answer
    ///  unsent ───────────────▶ unconfirmed ──────▶ present ◀──── update
    ///    ▲  fetched: never was  │ ▲ answer lost      │ │ delete sent
    ///    └──────────────────────┤ └──────────────────┘ ▼
    ///        fetched: tombstone │                  deleting ──▶ deleted ── next generation ─▶ unconfirmed
    ///                           ▼                      │
    ///                   deleted_by_user ◀──────────────┘ fetched, or deleted: gone, and not by us
    /// ```
    EventState {
        /// Google has never heard of this generation.
        Unsent => "unsent",
        /// A write may have been sent: fetch before anything else.
        Unconfirmed => "unconfirmed",
        /// It was there when we last looked.
        Present => "present",
        /// A delete may have been sent.
        Deleting => "deleting",
        /// We removed it.
        Deleted => "deleted",
        /// The user removed it.
        DeletedByUser => "deleted_by_user",
    }
}

/// By how much Google's clock and ours may differ: times of both sides are compared only beyond it.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);

/// What is known of one item in one integration.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Where its event is, or was last; none where Google never heard of it.
    pub address: Option<Address>,
    /// The generation that was last used. Each insert takes the next, so that no id is used twice in
    /// any calendar, but for one that Google never heard of.
    pub last_generation: i64,
    /// The state.
    pub event_state: EventState,
    /// When a delete may first have been sent, by our clock, while it may have been. None also where it
    /// is of no interest who removes the event, since the platform ended its item's incarnation.
    pub delete_sent_at: Option<Timestamp>,
    /// The whole event as last seen.
    pub remote: Option<RemoteEvent>,
    /// What both sides last agreed on.
    pub base: Option<Base>,
    /// The location that the item moves away from, until nothing is left there.
    pub previous: Option<PreviousLocation>,
}

impl Mapping {
    /// A mapping of which Google has never heard.
    pub const fn new() -> Self {
        Self {
            address: None,
            last_generation: 0,
            event_state: EventState::Unsent,
            delete_sent_at: None,
            remote: None,
            base: None,
            previous: None,
        }
    }

    /// The generation of the event at its address.
    pub(super) fn generation(&self) -> i64 {
        self.address.as_ref().map_or(self.last_generation, |address| address.generation)
    }

    /// An insert at `address` is about to be sent. What is elsewhere is to go.
    pub fn on_insert_sent(&mut self, address: Address) {
        if self.event_state == EventState::Present {
            self.set_previous(if self.is_closed() {
                PreviousState::Abandoned
            } else {
                PreviousState::Present
            });
        }
        self.base = None;
        self.last_generation = address.generation;
        (self.address, self.event_state, self.remote) = (Some(address), EventState::Unconfirmed, None);
    }

    /// Google certainly did not make the event: the insert was rejected.
    pub fn on_insert_rejected(&mut self) {
        if self.event_state == EventState::Unconfirmed && self.remote.is_none() {
            self.revert_to_unsent();
        }
    }

    /// Google never heard of the event: the next try has the same id.
    fn revert_to_unsent(&mut self) {
        self.last_generation -= 1;
        if !self.keep_previous() {
            (self.event_state, self.address) = (EventState::Unsent, None);
        }
    }

    /// A delete is about to be sent, or may have been sent at `at`.
    pub fn on_delete_sent(&mut self, at: Timestamp) {
        if self.event_state != EventState::Deleting {
            (self.event_state, self.delete_sent_at) = (EventState::Deleting, Some(at));
        }
    }

    /// A write of `sent`, by which `base` was meant, was answered with `remote`. Whether Google took it: if
    /// not, all is as it was, and to write the same again would change nothing.
    pub fn on_written(&mut self, sent: &RemoteEvent, base: Base, remote: RemoteEvent) -> bool {
        let is_taken = answer::is_taken(sent, &base, self.remote.as_ref(), &remote);
        self.event_state = if remote.is_cancelled() { EventState::Unconfirmed } else { EventState::Present };
        if is_taken {
            self.base = Some(answer::base(sent, base, &remote));
        }
        self.remote = Some(remote);
        if !is_taken {
            return false;
        }
        match &mut self.previous {
            Some(previous) if previous.awaits_delete() => {
                // What the user did at the previous location meanwhile was part of the write.
                previous.copy = previous.seen.take().or_else(|| previous.copy.take());
            }
            Some(previous) => previous.abandon(),
            None => {}
        }
        true
    }

    /// A delete was answered: it is gone, by us.
    pub fn on_deleted(&mut self) {
        (self.event_state, self.remote, self.base) = (EventState::Deleted, None, None);
        self.delete_sent_at = None;
    }

    /// It was gone before we asked for the first time: the user removed it.
    pub const fn on_deleted_by_user(&mut self) {
        (self.event_state, self.delete_sent_at) = (EventState::DeletedByUser, None);
    }

    /// Whether `tombstone` is of before the first delete that we may have sent.
    fn was_deleted_before(&self, tombstone: &RemoteEvent) -> bool {
        let (Some(removed), Some(since)) = (tombstone.updated_at(), self.delete_sent_at) else {
            return false;
        };
        since.duration_since(removed) > CLOCK_SKEW_MAX
    }

    /// Google's copy changed or may be gone: fetch it before anything else.
    pub const fn mark_stale(&mut self) {
        self.event_state = match self.event_state {
            EventState::Deleting => EventState::Deleting,
            _ => EventState::Unconfirmed,
        };
    }

    /// A fetch was answered with `remote`: `None` where Google has no trace of it.
    pub fn on_fetched(&mut self, remote: Option<RemoteEvent>) {
        if remote.is_none() && self.event_state == EventState::Unconfirmed {
            if self.remote.is_none() {
                return self.revert_to_unsent();
            }
            if self.return_to_previous() {
                return;
            }
        }
        self.event_state = match (&remote, self.event_state) {
            (Some(event), _) if !event.is_cancelled() => EventState::Present,
            (Some(event), EventState::Deleting) if self.was_deleted_before(event) => {
                EventState::DeletedByUser
            }
            (_, EventState::Deleting) => EventState::Deleted,
            _ => EventState::DeletedByUser,
        };
        self.delete_sent_at = None;
        self.remote = remote.filter(|_| self.event_state == EventState::Present);
        // The stamp knows of a write whose answer we never heard.
        if let Some(carried) =
            self.remote.as_ref().and_then(|event| answer::carried(event, self.base.as_ref()))
        {
            self.base = Some(carried);
        }
    }
}

impl Default for Mapping {
    fn default() -> Self {
        Self::new()
    }
}
