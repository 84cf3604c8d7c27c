//! Moves an item to another calendar: the new event is a copy of the old one as it was last read, and
//! only then the old one goes, if it is still as it was copied. What its user did to it meanwhile is
//! done to the new one first, as if they had done it there.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};

use super::keep::{Kept, texts};
use super::leaving::Leaving;
use super::{Pair, Phase, Place, Step, block, is_foreign};
use crate::remote::RemoteEvent;
use crate::render::Want;
use crate::stamp;

/// Whether `remote` can be made anew elsewhere without losing anything. Guests that Google doesn't
/// show and changed occurrences of a series can't be copied, so such an event stays where it is. But
/// the last copy of an event in a closed calendar, which has no version any more, is better than none.
pub(super) fn can_move(remote: &RemoteEvent) -> bool {
    remote.etag().is_empty() || !(remote.is_incomplete() || remote.0.contains_key("recurrence"))
}

/// The way out of the old place, once the new one holds the item or the item is to go altogether.
pub(super) fn step_at_old(place: Place<'_>, want: &Want, pair: &Pair, leaving: &Leaving) -> Step {
    let Some(seen) = &leaving.seen else {
        return leaving.etag().map_or(Step::LookAtOld, |etag| Step::DeleteOld { etag: etag.to_owned() });
    };
    if let (Want::Present { owned, .. }, Phase::There) = (want, pair.phase)
        && let (Some(remote), Some(copy)) = (&pair.remote, &leaving.copy)
        && !is_foreign(place, remote)
    {
        let edited = edits(copy, seen, remote, &texts(pair, owned).collect::<Vec<_>>());
        if edited != *remote {
            return Kept::of(place, pair, &edited, owned).update(place, pair, &edited);
        }
    }
    Step::DeleteOld { etag: seen.etag().to_owned() }
}

/// `into` with what changed from `copy` to `seen`. `texts` are those that our block may have.
fn edits(copy: &RemoteEvent, seen: &RemoteEvent, into: &RemoteEvent, texts: &[&str]) -> RemoteEvent {
    let mut edited = into.clone();
    let (was, is) = (copy.without_place(), seen.without_place());
    let keys: BTreeSet<&String> = was.0.keys().chain(is.0.keys()).collect();
    for key in keys {
        match key.as_str() {
            "description" => describe(copy, seen, &mut edited, texts),
            "start" | "end" if copy.when() == seen.when() => {}
            // What the platform or the user changed at the new place is newer.
            "start" | "end" if into.when() != copy.when() => {}
            "summary" | "location" | "source" if into.0.get(key) != copy.0.get(key) => {}
            "extendedProperties" => properties(copy, seen, &mut edited),
            "attendees" if is.0.get(key) != was.0.get(key) => invite(copy, seen, &mut edited),
            _ if is.0.get(key) != was.0.get(key) => edited.set_or_remove(key, is.0.get(key).cloned()),
            _ => {}
        }
    }
    edited
}

/// The description as its user left it at the old place, with our block as the new place has it. A
/// block that they changed stays so, where the platform didn't change it too: that is an edit like any
/// other. Notes from the new place follow.
fn describe(copy: &RemoteEvent, seen: &RemoteEvent, into: &mut RemoteEvent, texts: &[&str]) {
    if copy.description() == seen.description() {
        return;
    }
    let find = |event: &RemoteEvent, texts: &[&str]| {
        block::find(event.description(), stamp::written(event).as_ref(), texts.iter().copied())
    };
    let copied_span = find(copy, texts);
    let copied_block = &copy.description()[copied_span.clone()];
    let block = into.description()[find(into, texts)].to_owned();
    let texts: Vec<&str> = [copied_block].into_iter().chain(texts.iter().copied()).collect();
    let span = find(seen, &texts);
    let written = stamp::written(seen);
    let is_untouched =
        written.is_none_or(|written| written.agreed.is_block(&seen.description()[span.clone()]));
    if is_untouched && notes(seen, &span).eq(notes(copy, &copied_span)) {
        return;
    }
    let mut description = match is_untouched || block != copied_block {
        true => block::replace(seen.description(), span, &block),
        false => seen.description().to_owned(),
    };
    let known: BTreeSet<&str> =
        [copy.description(), &block, seen.description()].into_iter().flat_map(str::lines).collect();
    let is_new = |line: &&str| !line.trim().is_empty() && !known.contains(line);
    for line in into.description().lines().filter(is_new) {
        description.push('\n');
        description.push_str(line);
    }
    into.set_or_remove("description", Some(description.into()));
}

/// What is written around our block, line by line.
fn notes<'a>(event: &'a RemoteEvent, span: &Range<usize>) -> impl Iterator<Item = &'a str> {
    let (before, after) = (&event.description()[..span.start], &event.description()[span.end..]);
    before.lines().chain(after.lines()).filter(|line| !line.trim().is_empty())
}

/// Guests as they are at the old place, and those that were added at the new one.
fn invite(copy: &RemoteEvent, seen: &RemoteEvent, into: &mut RemoteEvent) {
    let list =
        |event: &RemoteEvent| event.0.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default();
    let (were, mut guests) = (list(copy), list(seen));
    let known: BTreeSet<String> = were.iter().chain(&guests).filter_map(email).collect();
    guests.extend(
        list(into).into_iter().filter(|guest| email(guest).is_none_or(|email| !known.contains(&email))),
    );
    into.set_or_remove("attendees", (!guests.is_empty()).then(|| guests.into()));
}

fn email(guest: &Value) -> Option<String> {
    guest["email"].as_str().map(str::to_owned)
}

/// Properties that others keep in the event; the stamp is ours.
fn properties(copy: &RemoteEvent, seen: &RemoteEvent, into: &mut RemoteEvent) {
    let none = Map::new();
    for part in ["private", "shared"] {
        let of = |event: &RemoteEvent| {
            let part = event.0.get("extendedProperties").and_then(|extended| extended.get(part));
            part.and_then(Value::as_object).unwrap_or(&none).clone()
        };
        let (was, is) = (of(copy), of(seen));
        for key in was.keys().chain(is.keys()).filter(|key| !stamp::is_of_stamp(key)) {
            if was.get(key) != is.get(key) {
                into.set_property(part, key, is.get(key).cloned());
            }
        }
    }
}
