//! What users did to events of ours in Google, and what of it must still be there once both sides agree.
//!
//! A title or a time: the platform's stands where the platform changed that field later, or the event of a
//! session or deadline in any way. Of a task the user's stands for as long as the platform left the field
//! alone. In between, while nothing has made us look, it is one of the two, and never a third. What is the
//! user's alone, colour and notes, is never lost but with the event.

use std::collections::BTreeMap;

use anyhow::ensure;
use calsync_simulator::{EventSnapshot, EventTime};

use crate::model::{Expected, ExpectedItem, Field, Kind};

/// What users did, by user and item, since the life of the event began.
#[derive(Debug, Default)]
pub(crate) struct Edits(BTreeMap<(String, String), ItemEdits>);

#[derive(Debug, Default)]
struct ItemEdits {
    title: Option<FieldEdit<String>>,
    times: Option<FieldEdit<(EventTime, EventTime)>>,
    colour: Option<Added<Vec<String>>>,
    notes: Vec<Added<String>>,
    count: usize,
}

/// A user's edit of a field that the platform owns.
#[derive(Debug)]
struct FieldEdit<T> {
    /// How the platform wanted the whole event then.
    over: Expected,
    /// What the user made of it; several where they may have found the event in two places.
    values: Vec<T>,
    event_id: String,
    /// Whether nothing that the platform did, then or since, may have undone it.
    must_stay: bool,
}

/// What a user added to an event.
#[derive(Debug)]
struct Added<T> {
    value: T,
    event_id: String,
    /// Whether the event can't have been replaced since but by a copy of it.
    stays: bool,
}

/// A user at an event of ours.
pub(crate) struct At<'a> {
    pub(crate) user: &'a str,
    pub(crate) expected_item: &'a ExpectedItem,
    pub(crate) event: &'a EventSnapshot,
    /// Whether there may be another copy of the event.
    pub(crate) is_moving: bool,
    /// Whether the event may be about to be removed by us.
    pub(crate) is_doubtful: bool,
}

impl At<'_> {
    fn key(&self) -> (String, String) {
        (self.user.to_owned(), self.expected_item.key())
    }

    fn field<T>(&self, before: Option<FieldEdit<T>>, field: Field, value: T) -> FieldEdit<T> {
        let earlier = before.filter(|_| self.is_moving);
        let mut values: Vec<T> = earlier.into_iter().flat_map(|edit| edit.values).collect();
        values.push(value);
        let must_stay = self.expected_item.kind == Kind::Task
            && !self.is_doubtful
            && !self.expected_item.changed.contains(&field);
        let event_id = self.event.id.clone();
        FieldEdit { over: self.expected_item.expected(), values, event_id, must_stay }
    }
}

impl Edits {
    /// How many edits a user made of an item: for names that are used once.
    pub(crate) fn count(&mut self, at: &At<'_>) -> usize {
        let edits = self.0.entry(at.key()).or_default();
        edits.count += 1;
        edits.count
    }

    pub(crate) fn retitled(&mut self, at: &At<'_>, title: String) {
        let edits = self.0.entry(at.key()).or_default();
        edits.title = Some(at.field(edits.title.take(), Field::Title, title));
    }

    pub(crate) fn rescheduled(&mut self, at: &At<'_>, times: (EventTime, EventTime)) {
        let edits = self.0.entry(at.key()).or_default();
        edits.times = Some(at.field(edits.times.take(), Field::Times, times));
    }

    pub(crate) fn coloured(&mut self, at: &At<'_>, colour: String) {
        let edits = self.0.entry(at.key()).or_default();
        let earlier = edits.colour.take().filter(|_| at.is_moving);
        let mut value = earlier.map(|added| added.value).unwrap_or_default();
        value.push(colour);
        edits.colour = Some(Added { value, event_id: at.event.id.clone(), stays: !at.is_doubtful });
    }

    pub(crate) fn noted(&mut self, at: &At<'_>, text: String) {
        let edits = self.0.entry(at.key()).or_default();
        edits.notes.push(Added { value: text, event_id: at.event.id.clone(), stays: !at.is_doubtful });
    }

    /// The platform changed `item` from what it `was`.
    pub(crate) fn platform_changed(&mut self, item: &str, was: &Expected, is: &Expected) {
        for edits in self.of_item(item) {
            if was.title != is.title {
                edits.title.iter_mut().for_each(|edit| edit.must_stay = false);
            }
            if was.times != is.times {
                edits.times.iter_mut().for_each(|edit| edit.must_stay = false);
            }
        }
    }

    /// The event of `item` may be removed by us and made anew from here on.
    pub(crate) fn may_be_replaced(&mut self, item: &str) {
        for edits in self.of_item(item) {
            edits.title.iter_mut().for_each(|edit| edit.must_stay = false);
            edits.times.iter_mut().for_each(|edit| edit.must_stay = false);
            edits.colour.iter_mut().for_each(|added| added.stays = false);
            edits.notes.iter_mut().for_each(|added| added.stays = false);
        }
    }

    fn of_item<'a>(&'a mut self, item: &'a str) -> impl Iterator<Item = &'a mut ItemEdits> {
        self.0.iter_mut().filter(move |((_, of_item), _)| of_item == item).map(|(_, edits)| edits)
    }

    /// The event is gone, and what was done to it.
    pub(crate) fn forget(&mut self, is_gone: impl Fn(&str, &str) -> bool) {
        self.0.retain(|(user, item), _| !is_gone(user, item));
    }

    /// The title that `user` last gave to `event` of `item`, where it has another now.
    pub(crate) fn lost_title(&self, user: &str, item: &str, event: &EventSnapshot) -> Option<&str> {
        let edit = self.0.get(&(user.to_owned(), item.to_owned()))?.title.as_ref()?;
        let title = edit.values.last().filter(|_| edit.event_id == event.id)?;
        (event.summary.as_ref() != Some(title)).then_some(title)
    }

    /// Both sides agree: whether `event` is as the platform's `wish` and its `user` left it.
    pub(crate) fn check(
        &self,
        user: &str,
        expected_item: &ExpectedItem,
        event: &EventSnapshot,
    ) -> anyhow::Result<()> {
        let expected = expected_item.expected();
        let none = ItemEdits::default();
        let edits = self.0.get(&(user.to_owned(), expected_item.key())).unwrap_or(&none);
        let title = event.summary.clone().unwrap_or_default();
        check_field(expected_item.kind, edits.title.as_ref(), &expected, |one| &one.title, &title)?;
        check_field(expected_item.kind, edits.times.as_ref(), &expected, |one| &one.times, &event.times()?)?;
        ensure!(event.location == expected.location, "its location is {:?}", event.location);
        let description = event.description.as_deref().unwrap_or_default();
        check_block(description, expected_item, &expected.block)?;
        for note in &edits.notes {
            let must_stand = note.stays || note.event_id == event.id;
            let stands = description.contains(&note.value);
            ensure!(!must_stand || stands, "the note {:?} is gone from {description:?}", note.value);
        }
        let colours =
            edits.colour.as_ref().map(|added| (&added.value, added.stays || added.event_id == event.id));
        let is_good = match (colours, &event.color_id) {
            (None, colour) => colour.is_none(),
            (Some((_, must_stand)), None) => !must_stand,
            (Some((values, _)), Some(colour)) => values.contains(colour),
        };
        ensure!(is_good, "its colour is {:?}, where its user chose {colours:?}", event.color_id);
        Ok(())
    }
}

fn check_field<T: PartialEq + std::fmt::Debug>(
    kind: Kind,
    edit: Option<&FieldEdit<T>>,
    expected: &Expected,
    of: fn(&Expected) -> &T,
    found: &T,
) -> anyhow::Result<()> {
    let wanted = of(expected);
    let is_the_users = edit.is_some_and(|edit| edit.values.contains(found));
    let may_be_the_users = edit.is_some_and(|edit| match kind {
        Kind::Task => of(&edit.over) == wanted,
        // Whatever the platform changes makes us write the event, and see.
        Kind::Session | Kind::Deadline => edit.over == *expected,
    });
    let must_be_the_users = edit.is_some_and(|edit| edit.must_stay) && may_be_the_users;
    let is_good = match (found == wanted, is_the_users) {
        (true, false) => !must_be_the_users,
        (true, true) => true,
        (false, true) => may_be_the_users,
        (false, false) => false,
    };
    ensure!(is_good, "it has {found:?}, the platform wants {wanted:?}, and its user made {edit:?}");
    Ok(())
}

/// Our part of the description is there once and whole, and nothing of an earlier one.
fn check_block(description: &str, expected_item: &ExpectedItem, block: &str) -> anyhow::Result<()> {
    ensure!(description.contains(block), "our text {block:?} is not in {description:?}");
    let mark = format!("About {} v", expected_item.id);
    let (there, ours) = (description.matches(&mark).count(), block.matches(&mark).count());
    ensure!(there == ours, "an earlier text of ours is in {description:?}");
    Ok(())
}
