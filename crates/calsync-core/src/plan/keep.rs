//! Keeps a live event right: merges, and writes only if something of ours differs.
//!
//! What we wrote last stands in the event's own stamp, field by field, so that a user's edit is
//! told from a write of ours whose answer was lost.

use super::block::Found;
use super::description::{self, Described};
use super::{Address, Pair, Place, Step, block};
use crate::merge::{Merged, merge};
use crate::owned::{Base, Field, FieldHashes, Owned};
use crate::remote::RemoteEvent;
use crate::stamp::{self, Written};
use crate::sync_state::SyncState;

pub(super) fn keep(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Step {
    if is_as_answered(pair, remote, wanted) {
        return Step::Settle(SyncState::Synced, None);
    }
    let kept = Kept::of(place, pair, remote, wanted);
    if kept.is_so {
        return Step::Settle(SyncState::Synced, None);
    }
    kept.update(place, pair, remote)
}

/// Whether `remote` is what Google answered to our own write of this very wish. Nobody changed it since, so
/// whatever Google made of our text is what it keeps.
fn is_as_answered(pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> bool {
    pair.base.as_ref().is_some_and(|base| {
        base.etag.as_deref() == Some(remote.etag()) && base.wanted == FieldHashes::of_wish(wanted)
    })
}

/// What an event should be like, merged from what it is like.
pub(super) struct Kept {
    wanted: FieldHashes,
    merged: Merged,
    found: Found,
    /// Whether nothing has to be written.
    is_so: bool,
}

impl Kept {
    pub(super) fn of(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Self {
        let written = stamp::written(remote);
        let known = pair.base.as_ref();
        let texts = texts(written.as_ref(), known, wanted);
        let found = block::find(remote.description(), written.as_ref(), &texts);
        let seen = remote.owned(found.text.clone());
        let merged = match &seen {
            Some(seen) => {
                let base = base(written.as_ref(), known, wanted, seen);
                merge(place.item.kind, wanted, base.as_ref(), seen)
            }
            // Times that can't be read are no edit that we could keep.
            None => Merged { agreed: wanted.clone(), users_edits: Vec::new() },
        };
        let hashes = FieldHashes::of_wish(wanted);
        let is_told = merged.users_edits.is_empty() && written.is_some_and(|one| one.wanted == hashes);
        let is_so = is_told && seen.is_some_and(|seen| seen.agrees(&merged.agreed));
        Self { wanted: hashes, merged, found, is_so }
    }

    /// Writes it over `remote`, which is the pair's event, or that with what its user did elsewhere.
    pub(super) fn update(mut self, place: Place<'_>, pair: &Pair, remote: &RemoteEvent) -> Step {
        let partial = remote.is_incomplete();
        let mut event = if partial { remote.changed_from(pair.remote.as_ref()) } else { remote.clone() };
        let base = self.write(place, pair.generation(), remote, &mut event);
        if partial {
            event.name_absent();
        }
        Step::Update { etag: remote.etag().to_owned(), event, partial, base, merged: self.merged }
    }

    /// Makes it anew in the target calendar, as a copy of `remote`.
    pub(super) fn insert(mut self, place: Place<'_>, address: Address, remote: &RemoteEvent) -> Step {
        let mut event = remote.without_place();
        event.0.insert("id".into(), address.google_id.clone().into());
        let base = self.write(place, address.generation, remote, &mut event);
        Step::Insert { address, event, base }
    }

    /// Writes it into `event`, which is `remote` or what changes in it. Answers the base.
    fn write(
        &mut self,
        place: Place<'_>,
        generation: i64,
        remote: &RemoteEvent,
        event: &mut RemoteEvent,
    ) -> Base {
        let found = std::mem::take(&mut self.found);
        let described = description::replace(remote.description(), found, &self.merged.agreed.block);
        let wanted = self.wanted.clone();
        write(place, generation, event, (wanted, self.merged.agreed.clone()), described)
    }
}

/// Writes `agreed`, with what the platform wants for it, into `event` and stamps it. Answers the base.
pub(super) fn write(
    place: Place<'_>,
    generation: i64,
    event: &mut RemoteEvent,
    (wanted, mut agreed): (FieldHashes, Owned),
    described: Described,
) -> Base {
    agreed.block = described.text;
    event.set_owned(&agreed, described.description, place.platform_name);
    let base = Base { wanted, meant: FieldHashes::of(&agreed), agreed, etag: None };
    stamp::stamp(event, &place.owner(), generation, &base, &described.span);
    base
}

/// The texts that our block of the description may have: the one that Google keeps, if the base is of the
/// write that the stamp tells of, else those that the stamp tells of.
pub(super) fn texts<'a>(
    written: Option<&Written>,
    known: Option<&'a Base>,
    wanted: &'a Owned,
) -> Vec<&'a str> {
    let kept = known.map(|base| base.agreed.block.as_str());
    match written {
        Some(written) if known.is_some_and(|known| written.tells_of(known)) => kept.into_iter().collect(),
        _ => {
            let texts = kept.into_iter().chain([wanted.block.as_str()]);
            texts.filter(|text| written.is_none_or(|written| written.agreed.is_block(text))).collect()
        }
    }
}

/// What both sides last agreed on: the base that is known, if it is of the write that the stamp tells of.
/// Else an answer was lost. Then a field as we left it is what is seen; of one that the user changed, the
/// old value is the known or the wanted one that has the stamp's hash. Where neither has it, the
/// platform changed the field too and the old value is of no use.
fn base(written: Option<&Written>, known: Option<&Base>, wanted: &Owned, seen: &Owned) -> Option<Base> {
    let Some(written) = written else { return known.cloned() };
    if let Some(known) = known.filter(|known| written.tells_of(known)) {
        return Some(known.clone());
    }
    let left = |field, owned: &Owned| FieldHashes::of(owned).agree_on(field, &written.agreed);
    let mut agreed = seen.clone();
    for field in Field::ALL {
        if !left(field, seen) {
            let known = known.map(|base| &base.agreed).filter(|agreed| left(field, agreed));
            agreed.take(field, known.unwrap_or(wanted));
        }
    }
    Some(Base { wanted: written.wanted.clone(), meant: written.agreed.clone(), agreed, etag: None })
}
