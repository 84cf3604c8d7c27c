//! Moves an item to another calendar: the new event is a copy of the old one as it was last read, and
//! only then the old one goes, if it is still as it was copied. What its user did to it meanwhile is
//! done to the new one first, as if they had done it there.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::managed_text::Found;
use super::update::DesiredEvent;
use super::{
    EventState, Mapping, PlanContext, PlanStep, PreviousCopy, PreviousVersion, RemoteCopy, UserEdit,
    description, is_foreign, managed_text,
};
use crate::managed::{Field, FieldHashes, ManagedFields};
use crate::markup;
use crate::merge::Verdict;
use crate::remote::RemoteEvent;
use crate::render::DesiredState;
use crate::stamp;

/// The item's event in the target calendar, as a copy of the one that is elsewhere.
pub(super) fn insert_copy(
    context: PlanContext<'_>,
    mapping: &Mapping,
    copy: &RemoteCopy,
    managed: &ManagedFields,
) -> PlanStep {
    let desired = DesiredEvent::of(context, &copy.event, copy.base.as_ref(), managed);
    desired.insert(context, context.next_address(mapping), &copy.event)
}

/// The way out of the previous location, once the new one holds the item or the item is to go altogether.
pub(super) fn step_at_previous(
    context: PlanContext<'_>,
    desired: &DesiredState,
    mapping: &Mapping,
    previous: &PreviousCopy,
) -> PlanStep {
    let PreviousCopy { copy: was, version } = previous;
    let seen = match version {
        PreviousVersion::Copied => {
            return PlanStep::DeletePrevious { etag: was.event.etag().to_owned(), user_edits: Vec::new() };
        }
        PreviousVersion::Unknown => return PlanStep::FetchPrevious,
        PreviousVersion::Fetched(seen) => seen,
    };
    if let (DesiredState::Present { managed, .. }, EventState::Present { address, copy }) =
        (desired, &mapping.event_state)
        && !is_foreign(context, &copy.event)
    {
        let bases = [copy.base.as_ref(), was.base.as_ref()].into_iter().flatten();
        let texts: Vec<&str> =
            bases.map(|base| base.agreed.managed_text.as_str()).chain([&*managed.managed_text]).collect();
        let later = Later { copy: &was.event, seen, into: &copy.event };
        let (edited, superseded) = (later.edited(&texts), later.superseded());
        if edited != copy.event {
            let mut desired = DesiredEvent::of(context, &edited, copy.base.as_ref(), managed);
            desired.user_edits.extend(superseded);
            return desired.update(context, address.generation, &copy.event, &edited);
        }
        return PlanStep::DeletePrevious { etag: seen.etag().to_owned(), user_edits: superseded };
    }
    PlanStep::DeletePrevious { etag: seen.etag().to_owned(), user_edits: Vec::new() }
}

/// An event that is to go, as it was when the new one was made from it (`copy`) and as it is `seen` later, and the new
/// one that what was done to it meanwhile goes `into`.
#[derive(Clone, Copy)]
struct Later<'a> {
    copy: &'a RemoteEvent,
    seen: &'a RemoteEvent,
    into: &'a RemoteEvent,
}

/// The managed field that stands in `key` of an event and nowhere else.
fn field_of(key: &str) -> Option<Field> {
    match key {
        "start" | "end" => Some(Field::When),
        "summary" => Some(Field::Title),
        "location" => Some(Field::Location),
        "source" => Some(Field::SourceUrl),
        _ => None,
    }
}

impl Later<'_> {
    /// The new event with what its user changed in the other. `texts` are those that our text may have. What we wrote
    /// for the platform in between, without hearing the answer, is no edit: the stamp tells.
    fn edited(self, texts: &[&str]) -> RemoteEvent {
        let Self { copy, seen, into } = self;
        let mut edited = into.clone();
        let (was, is) = (copy.without_place(), seen.without_place());
        let keys: BTreeSet<&String> = was.0.keys().chain(is.0.keys()).collect();
        for key in keys {
            match (key.as_str(), field_of(key)) {
                ("description", _) => describe(copy, seen, &mut edited, texts),
                ("extendedProperties", _) => properties(copy, seen, &mut edited),
                (_, Some(Field::When)) if copy.when() == seen.when() => {}
                (_, Some(field)) if self.is_superseded(field) || self.is_our_write(field) => {}
                ("attendees", _) if is.0.get(key) != was.0.get(key) => invite(copy, seen, &mut edited),
                _ if is.0.get(key) != was.0.get(key) => edited.set_or_remove(key, is.0.get(key).cloned()),
                _ => {}
            }
        }
        edited
    }

    /// What the platform or the user changed at the new location is newer.
    fn is_superseded(self, field: Field) -> bool {
        let Self { copy, into, .. } = self;
        let is_another = |key| into.0.get(key) != copy.0.get(key);
        match field {
            Field::Title => is_another("summary"),
            Field::When | Field::Zone => into.when() != copy.when(),
            Field::Location => is_another("location"),
            Field::SourceUrl => is_another("source"),
            Field::ManagedText => false,
        }
    }

    fn is_our_write(self, field: Field) -> bool {
        stamp::contents(self.seen).zip(self.seen.managed(String::new())).is_some_and(|(contents, managed)| {
            FieldHashes::of(&managed).agree_on(field, &contents.written)
                && contents.wanted.agree_on(field, &contents.written)
        })
    }

    /// What its user changed that the new event has nothing of.
    fn superseded(self) -> Vec<UserEdit> {
        let fields = [self.copy, self.seen, self.into].map(|event| event.managed(String::new()));
        let [Some(was), Some(is), Some(newer)] = fields else { return Vec::new() };
        let is_lost = |field: &Field| {
            let agrees = is.agrees_on(*field, &was) || is.agrees_on(*field, &newer);
            !agrees && self.is_superseded(*field) && !self.is_our_write(*field)
        };
        let edit = |field| UserEdit {
            field,
            before: Some(was.value(field)),
            after: is.value(field),
            verdict: Verdict::Overwritten,
            updated_at: self.seen.updated_at(),
            over: self.copy.etag().to_owned(),
        };
        Field::ALL.iter().copied().filter(is_lost).map(edit).collect()
    }
}

/// The description as its user left it at the previous location, with our text as the new location has it. A
/// block that they changed stays so: that is an edit like any other. Notes from the new location follow.
fn describe(copy: &RemoteEvent, seen: &RemoteEvent, into: &mut RemoteEvent, texts: &[&str]) {
    if copy.description() == seen.description() {
        return;
    }
    let find = |event: &RemoteEvent, texts: &[&str]| {
        managed_text::find(event.description(), stamp::contents(event).as_ref(), texts)
    };
    let copied = find(copy, texts);
    let ours = find(into, texts);
    let known: Vec<&str> = [copied.text.as_str()].into_iter().chain(texts.iter().copied()).collect();
    let found = find(seen, &known);
    // Also where the new event, with a block of ours, is the one that is to go.
    let is_untouched = found.text == copied.text
        || stamp::contents(seen).is_some_and(|contents| contents.written.is_managed_text(&found.text));
    if is_untouched && notes(seen, &found).eq(notes(copy, &copied)) {
        return;
    }
    let whole = [copy, seen].into_iter().flat_map(|event| markup::lines(event.description()));
    let told: BTreeSet<String> = notes(copy, &copied)
        .chain(notes(seen, &found))
        .map(|(_, line)| line)
        .chain(whole.map(|(_, line)| line))
        .collect();
    let is_edited = !is_untouched && ours.text == copied.text;
    let mut description = match is_edited {
        true => seen.description().to_owned(),
        false => description::replace(seen.description(), found, &ours.text).description,
    };
    for note in notes(into, &ours).filter(|(_, line)| !told.contains(line)).map(|(note, _)| note) {
        let is_html = markup::is_html(&description);
        description.push_str(if is_html { "<br>" } else { "\n" });
        match is_html && !markup::is_html(into.description()) {
            true => description.push_str(&markup::escaped(note)),
            false => description.push_str(note),
        }
    }
    into.set_or_remove("description", Some(description.into()));
}

/// The lines around our text, each with what is seen of it.
fn notes<'a>(event: &'a RemoteEvent, managed_text: &Found) -> impl Iterator<Item = (&'a str, String)> {
    let (before, after) =
        (&event.description()[..managed_text.span.start], &event.description()[managed_text.span.end..]);
    let lines = |text: &'a str| markup::lines(text).into_iter().map(|(at, line)| (&text[at], line));
    lines(before).chain(lines(after))
}

/// Guests as they are at the previous location, and those that were added at the new one.
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
