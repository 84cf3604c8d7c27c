//! The planner: from what the platform wants and what is known of Google, the one next step.
//!
//! It is called again after each answer until it says [`Step::Settle`]. It never guesses: what may
//! or may not be at Google is looked at before anything is made, so a lost answer or a crash at
//! any point neither doubles nor resurrects an event.

mod answer;
mod block;
mod description;
mod keep;
mod leaving;
mod moving;
mod pair;

pub use leaving::{Leaving, LeavingPhase};
pub use pair::{Address, Pair, Phase};

use block::Found;
use keep::{Kept, keep};

use serde_json::json;

use crate::event_id::{EventPlace, event_id};
use crate::item::ItemKey;
use crate::merge::Merged;
use crate::owned::{Base, FieldHashes, Owned};
use crate::reason::Reason;
use crate::remote::RemoteEvent;
use crate::render::Want;
use crate::stamp::{self, Owner, Ownership};
use crate::sync_state::SyncState;

/// Where and for whom a pair is planned.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// This installation of calsync.
    pub deployment_id: &'a str,
    /// The integration, its epoch and target calendar.
    pub event: EventPlace<'a>,
    /// The item.
    pub item: &'a ItemKey,
    /// The platform's name, shown beside an event's source.
    pub platform_name: &'a str,
}

impl<'a> Place<'a> {
    const fn owner(&self) -> Owner<'a> {
        Owner {
            deployment_id: self.deployment_id,
            integration_id: self.event.integration_id,
            item: self.item,
        }
    }

    /// Where the pair's next event is made: in the target calendar, under an id that was never used.
    fn next_address(&self, pair: &Pair) -> Address {
        let generation = pair.last_generation + 1;
        Address {
            calendar_id: self.event.calendar_id.to_owned(),
            google_id: event_id(self.event, self.item, generation),
            generation,
        }
    }

    /// Whether the pair's event is in another calendar than the target.
    pub fn is_elsewhere(&self, pair: &Pair) -> bool {
        pair.address.as_ref().is_some_and(|address| address.calendar_id != self.event.calendar_id)
    }
}

/// The next step for one pair.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing is left to do; this is the state to show.
    Settle(SyncState, Option<Reason>),
    /// Read the event by its id.
    Look,
    /// Read the event at the place that the item moves away from.
    LookAtOld,
    /// Make the event in the target calendar. Its address, the phase `told` and what it leaves are
    /// stored before it is sent.
    Insert {
        /// Where.
        address: Address,
        /// The body.
        event: RemoteEvent,
        /// What is meant by it, for [`Pair::written`].
        base: Base,
    },
    /// Write the event back whole, if it is still at this etag.
    Update {
        /// The version that the change was made from.
        etag: String,
        /// The body.
        event: RemoteEvent,
        /// Whether the body names only what changes (`patch`), since the copy isn't whole.
        partial: bool,
        /// What is meant by it, for [`Pair::written`].
        base: Base,
        /// What became of the user's edits that this step answers.
        merged: Merged,
    },
    /// Remove the event. The phase `removing` is stored before it is sent.
    Delete,
    /// Remove the event at the place that the item moves away from, if it is still at this etag. Its
    /// phase `removing` is stored before it is sent.
    DeleteOld {
        /// The version whose content the new place has.
        etag: String,
    },
}

/// The next step towards `want`.
pub fn plan(place: Place<'_>, want: &Want, pair: &Pair) -> Step {
    match (want, pair.phase) {
        // What the platform removed goes for good, also if it is wanted again: a later PUT starts anew.
        (_, Phase::Removing) => delete(place, pair),
        // Also what is to go: it may be gone already, and by the user.
        (_, Phase::Told) => Step::Look,
        // The old place first: while both are there, it is told who removed one.
        _ if let Some(leaving) = leaving(place, pair) => moving::step_at_old(place, want, pair, leaving),
        (Want::Absent(_), Phase::There) => delete(place, pair),
        (Want::Absent(Reason::KindOff), _) => Step::Settle(SyncState::NotSent, Some(Reason::KindOff)),
        (Want::Absent(reason), _) => Step::Settle(SyncState::Removed, Some(*reason)),
        (Want::Present { .. }, Phase::RemovedByUser) => {
            Step::Settle(SyncState::RemovedByUser, Some(Reason::RemovedByUser))
        }
        (Want::Present { too_old: true, .. }, Phase::Untold | Phase::RemovedByUs) => {
            Step::Settle(SyncState::NotSent, Some(Reason::TooOld))
        }
        (Want::Present { owned, popup_minutes, .. }, Phase::Untold | Phase::RemovedByUs) => {
            insert(place, place.next_address(pair), owned, *popup_minutes)
        }
        (Want::Present { owned, .. }, Phase::There) => match &pair.remote {
            Some(remote) if is_foreign(place, remote) => settle_conflict(),
            Some(remote) if place.is_elsewhere(pair) && moving::can_move(remote) => {
                Kept::of(place, pair, remote, owned).insert(place, place.next_address(pair), remote)
            }
            Some(remote) if !remote.etag().is_empty() => keep(place, pair, remote, owned),
            _ => Step::Look,
        },
    }
}

fn delete(place: Place<'_>, pair: &Pair) -> Step {
    match pair.remote.as_ref().is_some_and(|event| is_foreign(place, event)) {
        true => settle_conflict(),
        false => Step::Delete,
    }
}

/// The event that is to go from an old place, unless it became somebody else's.
fn leaving<'a>(place: Place<'_>, pair: &'a Pair) -> Option<&'a Leaving> {
    let is_others = |leaving: &Leaving| leaving.seen.as_ref().is_some_and(|event| is_foreign(place, event));
    pair.leaving.as_ref().filter(|leaving| leaving.is_to_go() && !is_others(leaving))
}

fn is_foreign(place: Place<'_>, event: &RemoteEvent) -> bool {
    stamp::ownership(event, &place.owner()) == Ownership::Foreign
}

/// The id is ours and the stamp is another's: nobody's mistake that we may mend.
const fn settle_conflict() -> Step {
    Step::Settle(SyncState::Parked, Some(Reason::Conflict))
}

fn insert(place: Place<'_>, address: Address, owned: &Owned, popup_minutes: Option<i64>) -> Step {
    let mut event = RemoteEvent::default();
    event.0.insert("id".into(), address.google_id.clone().into());
    if let Some(minutes) = popup_minutes {
        let popup = json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": minutes}]});
        event.0.insert("reminders".into(), popup);
    }
    let described = description::replace("", Found::default(), &owned.block);
    let owned = (FieldHashes::of_wish(owned), owned.clone());
    let base = keep::write(place, address.generation, &mut event, owned, described);
    Step::Insert { address, event, base }
}
