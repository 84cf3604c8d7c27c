//! The planner: from what the platform wants and what is known of Google, the one next step.
//!
//! It is called again after each answer until it says [`Step::Settle`]. It never guesses: what may
//! or may not be at Google is looked at before anything is made, so a lost answer or a crash at
//! any point neither doubles nor resurrects an event.

mod pair;

pub use pair::{Pair, Phase};

use serde_json::json;

use crate::event_id::{EventPlace, event_id};
use crate::item::ItemKey;
use crate::merge::{Merged, merge};
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
    /// The integration, its epoch and calendar.
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

    /// The id that Google knows the pair's event by in `generation`.
    pub fn event_id(&self, generation: i64) -> String {
        event_id(self.event, self.item, generation)
    }
}

/// The next step for one pair.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing is left to do; this is the state to show.
    Settle(SyncState, Option<Reason>),
    /// Read the event by its id.
    Look,
    /// Make the event. The generation and the phase `told` are stored before it is sent.
    Insert {
        /// The generation of the id.
        generation: i64,
        /// The body.
        event: RemoteEvent,
        /// The base once it is done.
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
        /// The base once it is done.
        base: Base,
        /// What became of the user's edits that this step answers.
        merged: Merged,
    },
    /// Remove the event. The phase `removing` is stored before it is sent.
    Delete,
}

/// The next step towards `want`.
pub fn plan(place: Place<'_>, want: &Want, pair: &Pair) -> Step {
    match (want, pair.phase) {
        // What the platform removed goes for good, also if it is wanted again: a later PUT starts anew.
        (_, Phase::Removing) | (Want::Absent(_), Phase::Told | Phase::There) => match foreign(place, pair) {
            true => settle_conflict(),
            false => Step::Delete,
        },
        (Want::Absent(Reason::KindOff), _) => Step::Settle(SyncState::NotSent, Some(Reason::KindOff)),
        (Want::Absent(reason), _) => Step::Settle(SyncState::Removed, Some(*reason)),
        (Want::Present { .. }, Phase::RemovedByUser) => {
            Step::Settle(SyncState::RemovedByUser, Some(Reason::RemovedByUser))
        }
        (Want::Present { .. }, Phase::Told) => Step::Look,
        (Want::Present { too_old: true, .. }, Phase::Untold | Phase::RemovedByUs) => {
            Step::Settle(SyncState::NotSent, Some(Reason::TooOld))
        }
        (Want::Present { owned, popup_minutes, .. }, Phase::Untold) => {
            insert(place, pair.generation, owned, *popup_minutes)
        }
        (Want::Present { owned, popup_minutes, .. }, Phase::RemovedByUs) => {
            insert(place, pair.generation + 1, owned, *popup_minutes)
        }
        (Want::Present { owned, .. }, Phase::There) => match &pair.remote {
            Some(_) if foreign(place, pair) => settle_conflict(),
            Some(remote) => keep(place, pair, remote, owned),
            None => Step::Look,
        },
    }
}

fn foreign(place: Place<'_>, pair: &Pair) -> bool {
    pair.remote.as_ref().is_some_and(|event| stamp::ownership(event, &place.owner()) == Ownership::Foreign)
}

/// The id is ours and the stamp is another's: nobody's mistake that we may mend.
const fn settle_conflict() -> Step {
    Step::Settle(SyncState::Parked, Some(Reason::Conflict))
}

fn insert(place: Place<'_>, generation: i64, owned: &Owned, popup_minutes: Option<i64>) -> Step {
    let base = Base { wanted: FieldHashes::of(owned), agreed: owned.clone() };
    let mut event = RemoteEvent::default();
    event.0.insert("id".into(), place.event_id(generation).into());
    event.set_owned(owned, owned.block.clone(), place.platform_name);
    if let Some(minutes) = popup_minutes {
        let popup = json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": minutes}]});
        event.0.insert("reminders".into(), popup);
    }
    stamp::stamp(&mut event, &place.owner(), generation, &base);
    Step::Insert { generation, event, base }
}

/// Keeps a live event right: merges, and writes only if something of ours differs.
fn keep(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Step {
    let carried = stamp::carried_base(remote);
    let base = carried.as_ref().or(pair.base.as_ref());
    let known_block = base.map(|base| base.agreed.block.as_str());
    let (seen, merged) = match seen(remote, known_block) {
        Some(seen) => {
            let merged = merge(place.item.kind, wanted, base, &seen);
            (Some(seen), merged)
        }
        // Times that can't be read are no edit that we could keep.
        None => (None, Merged { agreed: wanted.clone(), users_edits: Vec::new() }),
    };
    let next = Base { wanted: FieldHashes::of(wanted), agreed: merged.agreed.clone() };
    if seen.as_ref() == Some(&merged.agreed) && carried.as_ref() == Some(&next) {
        return Step::Settle(SyncState::Synced, None);
    }
    let old_block = seen.as_ref().map_or("", |seen| seen.block.as_str());
    let description = replace_block(remote.description(), old_block, &merged.agreed.block);
    let partial = remote.is_incomplete();
    let mut event = if partial { RemoteEvent::default() } else { remote.clone() };
    event.set_owned(&merged.agreed, description, place.platform_name);
    stamp::stamp(&mut event, &place.owner(), pair.generation, &next);
    Step::Update { etag: remote.etag().to_owned(), event, partial, base: next, merged }
}

/// The owned fields of `remote`. Our block is the one that is known, if it still stands there
/// untouched; else the whole description counts as the block, edited.
fn seen(remote: &RemoteEvent, known_block: Option<&str>) -> Option<Owned> {
    let description = remote.description();
    let block = match known_block {
        Some(known) if description.contains(known) => known,
        _ => description,
    };
    remote.owned(block.to_owned())
}

/// `description` with our `old` block replaced by `new`; what the user wrote around it stays.
fn replace_block(description: &str, old: &str, new: &str) -> String {
    match (old.is_empty(), description.is_empty(), new.is_empty()) {
        (false, _, _) => description.replacen(old, new, 1),
        (true, true, _) => new.to_owned(),
        (true, false, true) => description.to_owned(),
        (true, false, false) => format!("{new}\n\n{description}"),
    }
}
