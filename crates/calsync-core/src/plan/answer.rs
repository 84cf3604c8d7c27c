//! Judges what Google answered to a write of ours: whether it took it, and what it keeps of it.

use super::managed_text;
use crate::managed::{Base, Field, FieldHashes, ManagedFields};
use crate::remote::RemoteEvent;
use crate::stamp;
use crate::text;

/// Whether `answer` shows that Google took what it was `sent`, where `base` is what was meant and `before` the
/// event that was written over.
///
/// Google may make of our text what it likes, and then its answer carries our stamp all the same. Times are
/// no text. An event that is as it was before is one that it wouldn't change (that of another organizer).
pub(super) fn is_taken(
    sent: &RemoteEvent,
    base: &Base,
    before: Option<&RemoteEvent>,
    answer: &RemoteEvent,
) -> bool {
    let managed = |event: &RemoteEvent| event.managed(String::new());
    let Some(is) = managed(answer).filter(|_| !answer.is_cancelled()) else { return false };
    let was = before.and_then(managed);
    let (written, agrees) = (&base.agreed, |field| is.agrees_on(field, &base.agreed));
    let is_as_before = |field| was.as_ref().is_some_and(|was| is.agrees_on(field, was));
    let is_refused = |field: &Field| !agrees(*field) && is_as_before(*field);
    let is_stamped = stamp::contents(answer).is_some_and(|one| Some(one) == stamp::contents(sent));
    let is_whole = || {
        agrees(Field::Title)
            && is.location == written.location
            && text::is_same(sent.description(), answer.description())
    };
    is.when.is_same_time(&written.when)
        && ![Field::Title, Field::Location].iter().any(is_refused)
        && (is_stamped || is_whole())
}

/// The base after `answer`: what Google keeps of what it was `sent`.
pub(super) fn base(sent: &RemoteEvent, base: Base, answer: &RemoteEvent) -> Base {
    let managed_text = kept_text(sent, &base.agreed, answer);
    let agreed = answer.managed(managed_text).unwrap_or(base.agreed);
    let etag = Some(answer.etag().to_owned()).filter(|etag| !etag.is_empty());
    Base { agreed, etag, ..base }
}

/// The base that `event` carries, if its managed fields are still what its stamp says, and the stamp is of a
/// later write than the base that is `known`.
pub(super) fn carried(event: &RemoteEvent, known: Option<&Base>) -> Option<Base> {
    let contents = stamp::contents(event)?;
    if known.is_some_and(|known| contents.matches(known)) {
        return None;
    }
    let found = managed_text::find(event.description(), Some(&contents), &[]);
    let agreed = event.managed(found.text)?;
    let etag = Some(event.etag().to_owned()).filter(|etag| !etag.is_empty());
    let base = Base { wanted: contents.wanted, written: contents.written, agreed, etag };
    (FieldHashes::of(&base.agreed) == base.written).then_some(base)
}

/// Our text as Google keeps it. If it isn't as it was sent, it is what stands between the user's words.
fn kept_text(sent: &RemoteEvent, written: &ManagedFields, answer: &RemoteEvent) -> String {
    let Some(contents) = stamp::contents(sent) else { return written.managed_text.clone() };
    let found = managed_text::find(answer.description(), Some(&contents), &[&written.managed_text]);
    if !found.span.is_empty() || written.managed_text.is_empty() {
        return written.managed_text.clone();
    }
    let span = contents.text_start..contents.text_start + contents.text_length;
    let (before, after) = match (sent.description().get(..span.start), sent.description().get(span.end..)) {
        (Some(before), Some(after)) => (before, after),
        _ => return String::new(),
    };
    let rest = answer.description().strip_prefix(before).unwrap_or_default();
    // Where what follows is cut off as well, all that is left is ours.
    rest.strip_suffix(after).unwrap_or(rest).to_owned()
}
