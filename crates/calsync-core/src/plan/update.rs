//! Keeps a live event right: merges, and writes only if something of ours differs.
//!
//! What we wrote last stands in the event's own stamp, field by field, so that a user's edit is
//! told from a write of ours whose answer was lost.

use super::managed_text::Found;
use super::{Address, PlanContext, PlanStep, RemoteCopy, UserEdit, description, managed_text};
use crate::managed::{Base, Field, FieldHashes, ManagedFields};
use crate::merge::{Merged, merge};
use crate::remote::RemoteEvent;
use crate::stamp::{self, StampContents};
use crate::sync_state::SyncState;

pub(super) fn update(
    context: PlanContext<'_>,
    address: &Address,
    copy: &RemoteCopy,
    wanted: &ManagedFields,
) -> PlanStep {
    if is_as_answered(copy, wanted) {
        return PlanStep::Done(SyncState::Synced, None);
    }
    let desired = DesiredEvent::of(context, &copy.event, copy.base.as_ref(), wanted);
    if desired.is_current {
        return PlanStep::Done(SyncState::Synced, None);
    }
    desired.update(context, address.generation, &copy.event, &copy.event)
}

/// Whether `copy` is what Google answered to our own write of this very version. Nobody changed it since, so
/// whatever Google made of our text is what it keeps.
fn is_as_answered(copy: &RemoteCopy, wanted: &ManagedFields) -> bool {
    copy.base.as_ref().is_some_and(|base| {
        base.etag.as_deref() == Some(copy.event.etag()) && base.wanted == FieldHashes::of_wanted(wanted)
    })
}

/// What an event should be like, merged from what it is like.
pub(super) struct DesiredEvent {
    wanted: FieldHashes,
    agreed: ManagedFields,
    pub(super) user_edits: Vec<UserEdit>,
    found: Found,
    /// Whether nothing has to be written.
    is_current: bool,
}

impl DesiredEvent {
    pub(super) fn of(
        context: PlanContext<'_>,
        remote: &RemoteEvent,
        known: Option<&Base>,
        wanted: &ManagedFields,
    ) -> Self {
        let contents = stamp::contents(remote);
        let texts = texts(contents.as_ref(), known, wanted);
        let found = managed_text::find(remote.description(), contents.as_ref(), &texts);
        let seen = remote.managed(found.text.clone());
        // Times that can't be read are no edit that we could keep.
        let base = seen.as_ref().and_then(|seen| base(contents.as_ref(), known, wanted, seen));
        let (agreed, user_edits) = match (&seen, &base) {
            (Some(seen), Some(base)) => {
                let Merged { agreed, user_edits } = merge(context.item.kind, wanted, base, seen);
                let edits = user_edits.into_iter().map(|edit| UserEdit::of(edit, base, remote, seen));
                (agreed, edits.collect())
            }
            // Nothing is known of the past, and the platform's word stands.
            _ => (wanted.clone(), Vec::new()),
        };
        let hashes = FieldHashes::of_wanted(wanted);
        let is_stamped = user_edits.is_empty() && contents.is_some_and(|one| one.wanted == hashes);
        let is_current = is_stamped && seen.is_some_and(|seen| seen.agrees(&agreed));
        Self { wanted: hashes, agreed, user_edits, found, is_current }
    }

    /// Writes it over `remote`, which is the mapping's event `before`, or that with what its user did elsewhere.
    pub(super) fn update(
        mut self,
        context: PlanContext<'_>,
        generation: i64,
        before: &RemoteEvent,
        remote: &RemoteEvent,
    ) -> PlanStep {
        let partial = remote.is_incomplete();
        let mut event = if partial { remote.changed_from(before) } else { remote.clone() };
        let base = self.write(context, generation, remote, &mut event);
        if partial {
            event.name_absent();
        }
        PlanStep::Update { etag: remote.etag().to_owned(), event, partial, base, user_edits: self.user_edits }
    }

    /// Makes it anew in the target calendar, as a copy of `remote`.
    pub(super) fn insert(
        mut self,
        context: PlanContext<'_>,
        address: Address,
        remote: &RemoteEvent,
    ) -> PlanStep {
        let mut event = remote.without_place();
        event.0.insert("id".into(), address.google_id.clone().into());
        let base = self.write(context, address.generation, remote, &mut event);
        PlanStep::Insert { address, event, base, user_edits: self.user_edits }
    }

    /// Writes it into `event`, which is `remote` or what changes in it. Answers the base.
    fn write(
        &mut self,
        context: PlanContext<'_>,
        generation: i64,
        remote: &RemoteEvent,
        event: &mut RemoteEvent,
    ) -> Base {
        let found = std::mem::take(&mut self.found);
        let described = description::replace(remote.description(), found, &self.agreed.managed_text);
        let wanted = self.wanted.clone();
        super::write(context, generation, event, (wanted, self.agreed.clone()), described)
    }
}

/// The texts that our text in the description may have: the one that Google keeps, if the base is of the
/// write that the stamp tells of, else those that the stamp tells of.
pub(super) fn texts<'a>(
    contents: Option<&StampContents>,
    known: Option<&'a Base>,
    wanted: &'a ManagedFields,
) -> Vec<&'a str> {
    let desired = known.map(|base| base.agreed.managed_text.as_str());
    match contents {
        Some(contents) if known.is_some_and(|known| contents.matches(known)) => desired.into_iter().collect(),
        _ => {
            let texts = desired.into_iter().chain([wanted.managed_text.as_str()]);
            texts
                .filter(|text| contents.is_none_or(|contents| contents.written.is_managed_text(text)))
                .collect()
        }
    }
}

/// What both sides last agreed on: the base that is known, if it is of the write that the stamp tells of.
/// Else an answer was lost. Then a field as we left it is what is seen; of one that the user changed, the
/// old value is the known or the wanted one that has the stamp's hash. Where neither has it, the
/// platform changed the field too and the old value is of no use.
fn base(
    contents: Option<&StampContents>,
    known: Option<&Base>,
    wanted: &ManagedFields,
    seen: &ManagedFields,
) -> Option<Base> {
    let Some(contents) = contents else { return known.cloned() };
    if let Some(known) = known.filter(|known| contents.matches(known)) {
        return Some(known.clone());
    }
    let left = |field, managed: &ManagedFields| FieldHashes::of(managed).agree_on(field, &contents.written);
    let mut agreed = seen.clone();
    for &field in Field::ALL {
        if !left(field, seen) {
            let known = known.map(|base| &base.agreed).filter(|agreed| left(field, agreed));
            agreed.take(field, known.unwrap_or(wanted));
        }
    }
    Some(Base { wanted: contents.wanted.clone(), written: contents.written.clone(), agreed, etag: None })
}
