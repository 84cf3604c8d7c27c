//! A pair: one item in one integration, and what is known of it at Google. Each answer of
//! Google's moves it by one of the functions here.

use jiff::{SignedDuration, Timestamp};

use super::answer;
use super::leaving::{Leaving, LeavingPhase};
use crate::named::named;
use crate::owned::Base;
use crate::remote::RemoteEvent;

named! {
    /// What is known of a pair's event at Google.
    ///
    /// ```text
    ///            insert sent             answer
    ///  untold ───────────────▶ told ─────────────▶ there ◀──── update
    ///    ▲  looked: never was   │ ▲ answer lost      │ │ delete sent
    ///    └──────────────────────┤ └──────────────────┘ ▼
    ///         looked: tombstone │                   removing ──▶ removed_by_us ── next generation ─▶ told
    ///                           ▼                      │
    ///                   removed_by_user ◀──────────────┘ looked, or deleted: gone, and not by us
    /// ```
    Phase {
        /// Google has never heard of this generation.
        Untold => "untold",
        /// A write may have been sent: look before anything else.
        Told => "told",
        /// It was there when we last looked.
        There => "there",
        /// A delete may have been sent.
        Removing => "removing",
        /// We removed it.
        RemovedByUs => "removed_by_us",
        /// The user removed it.
        RemovedByUser => "removed_by_user",
    }
}

/// By how much Google's clock and ours may differ: what is told of two sides' times is told only beyond it.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(5);

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

/// What is known of one item in one integration.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Where its event is, or was last; none where Google never heard of it.
    pub address: Option<Address>,
    /// The generation that was last used. Each insert takes the next, so that no id is used twice in
    /// any calendar, but for one that Google never heard of.
    pub last_generation: i64,
    /// The phase.
    pub phase: Phase,
    /// When a delete may first have been sent, by our clock, while it may have been. None also where it
    /// is of no interest who removes the event, since the platform ended its item's life.
    pub removing_since: Option<Timestamp>,
    /// The whole event as last seen.
    pub remote: Option<RemoteEvent>,
    /// What both sides last agreed on.
    pub base: Option<Base>,
    /// The place that the item moves away from, until nothing is left there.
    pub leaving: Option<Leaving>,
}

impl Pair {
    /// A pair of which Google has never heard.
    pub const fn new() -> Self {
        Self {
            address: None,
            last_generation: 0,
            phase: Phase::Untold,
            removing_since: None,
            remote: None,
            base: None,
            leaving: None,
        }
    }

    /// The generation of the event at its address.
    pub(super) fn generation(&self) -> i64 {
        self.address.as_ref().map_or(self.last_generation, |address| address.generation)
    }

    /// An insert at `address` is about to be sent. What is elsewhere is to go.
    pub fn telling(&mut self, address: Address) {
        if self.phase == Phase::There {
            self.leave(if self.is_closed() { LeavingPhase::GivenUp } else { LeavingPhase::There });
        }
        self.base = None;
        self.last_generation = address.generation;
        (self.address, self.phase, self.remote) = (Some(address), Phase::Told, None);
    }

    /// Google surely didn't make what it was told of.
    pub fn not_told(&mut self) {
        if self.phase == Phase::Told && self.remote.is_none() {
            self.was_never_there();
        }
    }

    /// Google never heard of the event: the next try has the same id.
    fn was_never_there(&mut self) {
        self.last_generation -= 1;
        if !self.try_stay_at_old() {
            (self.phase, self.address) = (Phase::Untold, None);
        }
    }

    /// A delete is about to be sent, or may have been sent at `at`.
    pub fn removing(&mut self, at: Timestamp) {
        if self.phase != Phase::Removing {
            (self.phase, self.removing_since) = (Phase::Removing, Some(at));
        }
    }

    /// A write of `sent`, by which `base` was meant, was answered with `remote`. Whether Google took it: if
    /// not, all is as it was, and to write the same again would change nothing.
    pub fn written(&mut self, sent: &RemoteEvent, base: Base, remote: RemoteEvent) -> bool {
        let is_taken = answer::is_taken(sent, &base, self.remote.as_ref(), &remote);
        self.phase = if remote.is_cancelled() { Phase::Told } else { Phase::There };
        if is_taken {
            self.base = Some(answer::base(sent, base, &remote));
        }
        self.remote = Some(remote);
        if !is_taken {
            return false;
        }
        match &mut self.leaving {
            Some(leaving) if leaving.is_to_go() => {
                // What the user did at the old place meanwhile was part of the write.
                leaving.copy = leaving.seen.take().or_else(|| leaving.copy.take());
            }
            Some(leaving) => leaving.give_up(),
            None => {}
        }
        true
    }

    /// A delete was answered: it is gone, by us.
    pub fn removed(&mut self) {
        (self.phase, self.remote, self.base) = (Phase::RemovedByUs, None, None);
        self.removing_since = None;
    }

    /// It was gone before we asked for the first time: the user removed it.
    pub const fn removed_by_user(&mut self) {
        (self.phase, self.removing_since) = (Phase::RemovedByUser, None);
    }

    /// Whether `tombstone` is of before the first delete that we may have sent.
    fn was_removed_before(&self, tombstone: &RemoteEvent) -> bool {
        let (Some(removed), Some(since)) = (tombstone.updated_at(), self.removing_since) else {
            return false;
        };
        since.duration_since(removed) > CLOCKS_APART_MAX
    }

    /// Google's copy is not the one that we knew, or may not be there: look.
    pub const fn doubt(&mut self) {
        self.phase = match self.phase {
            Phase::Removing => Phase::Removing,
            _ => Phase::Told,
        };
    }

    /// A look was answered with `remote`: `None` where Google has no trace of it.
    pub fn looked(&mut self, remote: Option<RemoteEvent>) {
        if remote.is_none() && self.phase == Phase::Told {
            if self.remote.is_none() {
                return self.was_never_there();
            }
            if self.try_return_to_old() {
                return;
            }
        }
        self.phase = match (&remote, self.phase) {
            (Some(event), _) if !event.is_cancelled() => Phase::There,
            (Some(event), Phase::Removing) if self.was_removed_before(event) => Phase::RemovedByUser,
            (_, Phase::Removing) => Phase::RemovedByUs,
            _ => Phase::RemovedByUser,
        };
        self.removing_since = None;
        self.remote = remote.filter(|_| self.phase == Phase::There);
        // The stamp knows of a write whose answer we never heard.
        if let Some(carried) =
            self.remote.as_ref().and_then(|event| answer::carried(event, self.base.as_ref()))
        {
            self.base = Some(carried);
        }
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}
