//! Keeps a live event right: merges, and writes only if something of ours differs.
//!
//! What we wrote last stands in the event's own stamp, field by field, so that a user's edit is
//! told from a write of ours whose answer was lost.

use super::{Pair, Place, Step, block};
use crate::merge::{Merged, merge};
use crate::owned::{Base, Field, FieldHashes, Owned};
use crate::remote::RemoteEvent;
use crate::stamp::{self, Written};
use crate::sync_state::SyncState;

pub(super) fn keep(place: Place<'_>, pair: &Pair, remote: &RemoteEvent, wanted: &Owned) -> Step {
    let written = stamp::written(remote);
    let known = pair.base.as_ref();
    let texts = known.map(|base| base.agreed.block.as_str()).into_iter().chain([wanted.block.as_str()]);
    let description = remote.description();
    let span = block::find(description, written.as_ref(), texts);
    let seen = remote.owned(description[span.clone()].to_owned());
    let merged = match &seen {
        Some(seen) => {
            let base = base(written.as_ref(), known, wanted, seen);
            merge(place.item.kind, wanted, base.as_ref(), seen)
        }
        // Times that can't be read are no edit that we could keep.
        None => Merged { agreed: wanted.clone(), users_edits: Vec::new() },
    };
    let next = Base { wanted: FieldHashes::of(wanted), agreed: merged.agreed.clone() };
    let is_told = written.is_some_and(|written| written.tells_of(&next));
    if is_told && seen.as_ref() == Some(&merged.agreed) {
        return Step::Settle(SyncState::Synced, None);
    }
    let block_at = span.start;
    let description = block::replace(description, span, &merged.agreed.block);
    let partial = remote.is_incomplete();
    let mut event = if partial { RemoteEvent::default() } else { remote.clone() };
    event.set_owned(&merged.agreed, description, place.platform_name);
    if partial {
        event.name_absent();
    }
    stamp::stamp(&mut event, &place.owner(), pair.generation, &next, block_at);
    Step::Update { etag: remote.etag().to_owned(), event, partial, base: next, merged }
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
