//! A mapping: one item in one integration, and what is known of it at Google. Each answer of
//! Google's moves it by one of the functions here; those that tell of the location that its item moves
//! away from are in a file of their own.

mod previous;

use jiff::{SignedDuration, Timestamp};

use super::location::{Address, PreviousLocation, PreviousState, RemoteCopy};
use super::{Intent, answer};
use crate::managed::Base;
use crate::remote::RemoteEvent;

/// By how much Google's clock and ours may differ: times of both sides are compared only beyond it.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);

/// What is known of a mapping's event at Google.
///
/// ```text
///            insert sent               answer
///  unsent ───────────────▶ unconfirmed ──────▶ present ◀──── update
///    ▲  fetched: never was  │ ▲ answer lost      │ │ └───────────▶ unreachable ── made elsewhere ─▶ unconfirmed
///    └──────────────────────┤ └──────────────────┘ │ calendar closed    │
///        fetched: tombstone │          delete sent ▼                    │ delete sent
///                           │                  deleting ◀──────────────┘
///                           ▼                      │ └──▶ deleted ── next generation ─▶ unconfirmed
///                   deleted_by_user ◀──────────────┘ fetched, or deleted: gone, and not by us
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum EventState {
    /// Google has never heard of this generation.
    Unsent,
    /// A write may have been sent: fetch before anything else.
    Unconfirmed {
        /// Where it is, if it is.
        address: Address,
        /// The event before that; none where it was an insert.
        copy: Option<RemoteCopy>,
    },
    /// It was there when we last looked.
    Present {
        /// Where.
        address: Address,
        /// What was seen.
        copy: RemoteCopy,
    },
    /// It was there before its calendar was closed to us.
    Unreachable {
        /// Where.
        address: Address,
        /// What was last seen: all that can go to another calendar.
        copy: RemoteCopy,
    },
    /// A delete may have been sent.
    Deleting {
        /// Where it is, if it still is.
        address: Address,
        /// What was last seen, if anything was.
        copy: Option<RemoteCopy>,
        /// When a delete may first have been sent, by our clock. None where it is of no interest who removes
        /// the event, since the platform ended its item's incarnation.
        delete_sent_at: Option<Timestamp>,
    },
    /// We removed it.
    Deleted,
    /// The user removed it.
    DeletedByUser,
}

impl EventState {
    /// Where the event is, or may be.
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::Unconfirmed { address, .. }
            | Self::Present { address, .. }
            | Self::Unreachable { address, .. }
            | Self::Deleting { address, .. } => Some(address),
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }

    /// The event as it was last seen.
    pub const fn copy(&self) -> Option<&RemoteCopy> {
        match self {
            Self::Present { copy, .. } | Self::Unreachable { copy, .. } => Some(copy),
            Self::Unconfirmed { copy, .. } | Self::Deleting { copy, .. } => copy.as_ref(),
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }

    /// The same, taken out.
    pub(super) fn into_copy(self) -> Option<RemoteCopy> {
        match self {
            Self::Present { copy, .. } | Self::Unreachable { copy, .. } => Some(copy),
            Self::Unconfirmed { copy, .. } | Self::Deleting { copy, .. } => copy,
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }
}

/// What is known of one item in one integration.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Where its event stands.
    pub event_state: EventState,
    /// The generation that was last used. Each insert takes the next, so that no id is used twice in
    /// any calendar, but for one that Google never heard of.
    pub last_generation: i64,
    /// The location that the item moves away from, until nothing is left there.
    pub previous: Option<PreviousLocation>,
}

impl Mapping {
    /// A mapping of which Google has never heard.
    pub const fn new() -> Self {
        Self { event_state: EventState::Unsent, last_generation: 0, previous: None }
    }

    /// What is true in every state; each transition ends with it.
    fn check(&self) {
        let addresses = || {
            let previous = self.previous.as_ref().map(|previous| &previous.address);
            self.event_state.address().into_iter().chain(previous)
        };
        debug_assert!(
            addresses().all(|address| (1..=self.last_generation).contains(&address.generation)),
            "a generation that was never counted would be used twice: {self:?}"
        );
        debug_assert!(
            addresses().count() < 2 || addresses().next() != addresses().last(),
            "a previous location is another than the event's: {self:?}"
        );
        if let EventState::Present { copy, .. } = &self.event_state {
            debug_assert!(!copy.event.is_cancelled(), "a tombstone isn't there: {self:?}");
            debug_assert!(!copy.event.etag().is_empty(), "no version that could be written to: {self:?}");
        }
    }

    const fn take_state(&mut self) -> EventState {
        std::mem::replace(&mut self.event_state, EventState::Unsent)
    }

    /// A call is about to be sent, or may have been sent at `at`.
    pub fn on_intent(&mut self, intent: Intent, at: Timestamp) {
        match intent {
            Intent::Insert(address) => self.on_insert_sent(address),
            Intent::Delete => self.on_delete_sent(at),
            Intent::DeletePrevious => self.on_previous_delete_sent(),
        }
    }

    /// The calls that this mapping, as it is stored, says may have been sent.
    pub fn intents(&self) -> impl Iterator<Item = Intent> {
        let here = match &self.event_state {
            EventState::Unconfirmed { address, .. } => Some(Intent::Insert(address.clone())),
            EventState::Deleting { .. } => Some(Intent::Delete),
            _ => None,
        };
        let previous = self.previous.as_ref().map(|previous| &previous.state);
        let is_deleting = matches!(previous, Some(PreviousState::Deleting(_)));
        here.into_iter().chain(is_deleting.then_some(Intent::DeletePrevious))
    }

    /// An insert at `address` is about to be sent. What is elsewhere is to go.
    pub fn on_insert_sent(&mut self, address: Address) {
        match self.take_state() {
            EventState::Present { address, copy } => {
                self.previous = Some(PreviousLocation::leaving(address, copy));
            }
            EventState::Unreachable { address, copy } => {
                self.previous =
                    Some(PreviousLocation { address, state: PreviousState::Abandoned(Some(copy)) });
            }
            _ => {}
        }
        self.last_generation = address.generation;
        self.event_state = EventState::Unconfirmed { address, copy: None };
        self.check();
    }

    /// Google certainly did not make the event: the insert was rejected, or not sent after all.
    pub fn on_insert_rejected(&mut self) {
        if matches!(self.event_state, EventState::Unconfirmed { copy: None, .. }) {
            self.revert_to_unsent();
        }
    }

    /// Google never heard of the event: the next try has the same id.
    fn revert_to_unsent(&mut self) {
        self.last_generation -= 1;
        self.event_state = EventState::Unsent;
        self.keep_previous();
        self.check();
    }

    /// A delete is about to be sent, or may have been sent at `at`.
    pub fn on_delete_sent(&mut self, at: Timestamp) {
        let delete_sent_at = Some(at);
        self.event_state = match self.take_state() {
            EventState::Present { address, copy } | EventState::Unreachable { address, copy } => {
                EventState::Deleting { address, copy: Some(copy), delete_sent_at }
            }
            EventState::Unconfirmed { address, copy } => {
                EventState::Deleting { address, copy, delete_sent_at }
            }
            other => other,
        };
        self.check();
    }

    /// A write of `sent`, by which `base` was meant, was answered with `remote`, which is what is there now. Whether
    /// Google took it: if not, the base is as it was, and to write the same again would change nothing.
    pub fn on_written(&mut self, sent: &RemoteEvent, base: Base, remote: RemoteEvent) -> bool {
        let Some(address) = self.event_state.address().cloned() else {
            debug_assert!(false, "nothing can have been written: {self:?}");
            return false;
        };
        let before = self.take_state().into_copy();
        let is_taken = answer::is_taken(sent, &base, before.as_ref().map(|copy| &copy.event), &remote);
        let base = match is_taken {
            true => Some(answer::base(sent, base, &remote)),
            false => before.and_then(|copy| copy.base),
        };
        let copy = RemoteCopy { event: remote, base };
        self.event_state = match copy.event.is_cancelled() {
            true => EventState::Unconfirmed { address, copy: Some(copy) },
            false => EventState::Present { address, copy },
        };
        if is_taken && let Some(previous) = &mut self.previous {
            match previous.awaits_delete_mut() {
                Some(previous) => previous.on_copied(),
                None => previous.state = PreviousState::Abandoned(None),
            }
        }
        self.check();
        is_taken
    }

    /// A delete was answered: it is gone, by us.
    pub fn on_deleted(&mut self) {
        self.event_state = EventState::Deleted;
        self.check();
    }

    /// It was gone before we asked for the first time: the user removed it.
    pub fn on_deleted_by_user(&mut self) {
        self.event_state = EventState::DeletedByUser;
        self.check();
    }

    /// Google's copy changed or may be gone: fetch it before anything else.
    pub fn mark_stale(&mut self) {
        self.event_state = match self.take_state() {
            EventState::Present { address, copy } | EventState::Unreachable { address, copy } => {
                EventState::Unconfirmed { address, copy: Some(copy) }
            }
            other => other,
        };
        self.check();
    }

    /// A fetch was answered with `remote`: `None` where Google has no trace of it.
    pub fn on_fetched(&mut self, remote: Option<RemoteEvent>) {
        if remote.is_none()
            && let EventState::Unconfirmed { copy, .. } = &self.event_state
        {
            if copy.is_none() {
                return self.revert_to_unsent();
            }
            if self.return_to_previous() {
                return;
            }
        }
        let Some(address) = self.event_state.address().cloned() else {
            return debug_assert!(false, "nothing can have been fetched: {self:?}");
        };
        self.event_state = match (self.take_state(), remote) {
            (state, Some(event)) if !event.is_cancelled() => {
                let known = state.into_copy().and_then(|copy| copy.base);
                // The stamp knows of a write whose answer we never heard.
                let base = answer::carried(&event, known.as_ref()).or(known);
                EventState::Present { address, copy: RemoteCopy { event, base } }
            }
            (EventState::Deleting { delete_sent_at: Some(sent_at), .. }, Some(tombstone))
                if was_deleted_before(&tombstone, sent_at) =>
            {
                EventState::DeletedByUser
            }
            (EventState::Deleting { .. }, _) => EventState::Deleted,
            _ => EventState::DeletedByUser,
        };
        self.check();
    }
}

/// Whether `tombstone` is of before `sent_at`, when we may first have sent a delete.
fn was_deleted_before(tombstone: &RemoteEvent, sent_at: Timestamp) -> bool {
    tombstone.updated_at().is_some_and(|removed| sent_at.duration_since(removed) > CLOCK_SKEW_MAX)
}

impl Default for Mapping {
    fn default() -> Self {
        Self::new()
    }
}
