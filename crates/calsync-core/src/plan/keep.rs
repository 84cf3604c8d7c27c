//! Keeps a live event right: merges, and writes only if something of ours differs.
//!
//! What we wrote last stands in the event's own stamp, field by field, so that a user's edit is
//! told from a write of ours whose answer was lost.

use super::{Address, Pair, Place, Step, block};
use crate::merge::{Merged, merge};
use crate::owned::{Base, Field, FieldHashes, Owned};
use crate::remote::RemoteEvent;
use crate::stamp::{self, Written};
use crate::sync_state::SyncState;

pub(super) fn keep(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Step {
    let kept = Kept::of(place, pair, remote, wanted);
    if kept.is_so {
        return Step::Settle(SyncState::Synced, None);
    }
    kept.update(place, pair, remote)
}

/// What an event should be like, merged from what it is like.
pub(super) struct Kept {
    base: Base,
    merged: Merged,
    description: String,
    block_at: usize,
    /// Whether nothing has to be written.
    is_so: bool,
}

impl Kept {
    pub(super) fn of(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Self {
        let written = stamp::written(remote);
        let known = pair.base.as_ref();
        let description = remote.description();
        let span = block::find(description, written.as_ref(), texts(pair, wanted));
        let seen = remote.owned(description[span.clone()].to_owned());
        let merged = match &seen {
            Some(seen) => {
                let base = base(written.as_ref(), known, wanted, seen);
                merge(place.item.kind, wanted, base.as_ref(), seen)
            }
            // Times that can't be read are no edit that we could keep.
            None => Merged { agreed: wanted.clone(), users_edits: Vec::new() },
        };
        let base = Base { wanted: FieldHashes::of(wanted), agreed: merged.agreed.clone() };
        let is_told = written.is_some_and(|written| written.tells_of(&base));
        Self {
            is_so: is_told && seen.as_ref() == Some(&merged.agreed),
            block_at: span.start,
            description: block::replace(description, span, &merged.agreed.block),
            base,
            merged,
        }
    }

    /// Writes it over `remote`, which is the pair's event, or that with what its user did elsewhere.
    pub(super) fn update(self, place: Place<'_>, pair: &Pair, remote: &RemoteEvent) -> Step {
        let partial = remote.is_incomplete();
        let mut event = if partial { remote.changed_from(pair.remote.as_ref()) } else { remote.clone() };
        self.write(place, pair.generation(), &mut event);
        if partial {
            event.name_absent();
        }
        let Self { base, merged, .. } = self;
        Step::Update { etag: remote.etag().to_owned(), event, partial, base, merged }
    }

    /// Makes it anew in the target calendar, as a copy of `remote`.
    pub(super) fn insert(self, place: Place<'_>, address: Address, remote: &RemoteEvent) -> Step {
        let mut event = remote.without_place();
        event.0.insert("id".into(), address.google_id.clone().into());
        self.write(place, address.generation, &mut event);
        Step::Insert { address, event, base: self.base }
    }

    fn write(&self, place: Place<'_>, generation: i64, event: &mut RemoteEvent) {
        event.set_owned(&self.base.agreed, self.description.clone(), place.platform_name);
        stamp::stamp(event, &place.owner(), generation, &self.base, self.block_at);
    }
}

/// The texts that our block of the description may have.
pub(super) fn texts<'a>(pair: &'a Pair, wanted: &'a Owned) -> impl Iterator<Item = &'a str> {
    let known = pair.base.as_ref().map(|base| base.agreed.block.as_str());
    known.into_iter().chain([wanted.block.as_str()])
}

/// What both sides last agreed on. A field as we left it is what is seen; of one that the user
/// changed, the old value is the known or the wanted one that has the stamp's hash. Where neither
/// has it, the platform changed the field too and the old value is of no use.
fn base(written: Option<&Written>, known: Option<&Base>, wanted: &Owned, seen: &Owned) -> Option<Base> {
    let Some(written) = written else { return known.cloned() };
    let left = |field, owned: &Owned| FieldHashes::of(owned).agree_on(field, &written.agreed);
    let mut agreed = seen.clone();
    for field in Field::ALL {
        if !left(field, seen) {
            let known = known.map(|base| &base.agreed).filter(|agreed| left(field, agreed));
            agreed.take(field, known.unwrap_or(wanted));
        }
    }
    Some(Base { wanted: written.wanted.clone(), agreed })
}
