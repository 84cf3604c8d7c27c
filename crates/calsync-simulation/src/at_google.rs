//! Users at Google's own pages: they write titles, times, colours and notes into events of ours, and
//! remove them.

use calsync_simulator::{EventSnapshot, EventTime};
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use crate::edits::At;
use crate::fixtures::email;
use crate::observed::OurEvent;
use crate::world::World;

/// Colours that people give events.
const COLOURS: [&str; 4] = ["3", "5", "9", "11"];

impl World {
    /// A user edits an event of ours, or removes it.
    pub(crate) fn user_edits(&mut self) -> anyhow::Result<()> {
        let user = self.pick_user();
        let events: Vec<&OurEvent> = self.observed.of(user)?.events().collect();
        if events.is_empty() {
            return Ok(());
        }
        let OurEvent { item, event } = (*self.rng.pick(&events)).clone();
        if self.rng.percent(30) {
            self.user_removes(user, &item, &event);
            return Ok(());
        }
        if self.rng.percent(self.options.field_edits()) {
            return self.user_edits_field(user, &item, &event);
        }
        self.user_adds(user, &item, &event)
    }

    /// What a user writes is written later than what was there, by more than clocks may differ.
    fn user_removes(&mut self, user: &'static str, item: &str, event: &EventSnapshot) {
        let is_clear = !self.model.is_in_doubt(item) && !self.standings.is_moving(user);
        if is_clear && self.google.user_deletes_event(&email(user), &event.calendar_id, &event.id).is_ok() {
            self.model.user_removed(user, item);
            self.edits.forget(|of_user, of_item| of_user == user && of_item == item);
            self.advance(SignedDuration::from_secs(10));
            self.note(format!("{user} removes {item}"));
        }
    }

    fn user_edits_field(
        &mut self,
        user: &'static str,
        item: &str,
        event: &EventSnapshot,
    ) -> anyhow::Result<()> {
        let (is_moving, is_doubtful) = (self.standings.is_moving(user), self.model.is_in_doubt(item));
        let expected_item = self.model.of_item(item)?;
        let at = At { user, expected_item, event, is_moving, is_doubtful };
        let count = self.edits.count(&at);
        if self.rng.percent(50) {
            let title = format!("Mine {count} of {item}");
            if patch(self, user, event, &json!({"summary": title})) {
                self.edits.retitled(&at, title.clone());
                self.reached.field_edits += 1;
                self.note(format!("{user} calls {item} {title:?}"));
            }
            return Ok(());
        }
        let (start, end) = event.times()?;
        let times = (later(start, count)?, later(end, count)?);
        if patch(self, user, event, &json!({"start": google(times.0), "end": google(times.1)})) {
            self.edits.rescheduled(&at, times);
            self.reached.field_edits += 1;
            self.note(format!("{user} moves {item} to {:?}", times.0));
        }
        Ok(())
    }

    fn user_adds(&mut self, user: &'static str, item: &str, event: &EventSnapshot) -> anyhow::Result<()> {
        let (is_moving, is_doubtful) = (self.standings.is_moving(user), self.model.is_in_doubt(item));
        let expected_item = self.model.of_item(item)?;
        let at = At { user, expected_item, event, is_moving, is_doubtful };
        let count = self.edits.count(&at);
        if self.rng.percent(30) {
            let colour = *self.rng.pick(&COLOURS);
            if patch(self, user, event, &json!({"colorId": colour})) {
                self.edits.coloured(&at, colour.into());
                self.note(format!("{user} gives {item} the colour {colour}"));
            }
            return Ok(());
        }
        let note = format!("Note {count} of {user}.");
        let there = event.description.as_deref().unwrap_or_default();
        let description = match self.rng.below(3) {
            0 => format!("{note}\n{there}"),
            1 => format!("{there}\n{note}"),
            _ => format!("{there}\n\n{note}"),
        };
        if patch(self, user, event, &json!({"description": description.trim()})) {
            self.edits.noted(&at, note.clone());
            self.note(format!("{user} writes {note:?} into {item}"));
        }
        Ok(())
    }
}

fn patch(world: &World, user: &str, event: &EventSnapshot, patch: &Value) -> bool {
    world.google.user_edits_event(&email(user), &event.calendar_id, &event.id, patch).is_ok()
}

/// A time that no other edit gives the event.
fn later(time: EventTime, count: usize) -> anyhow::Result<EventTime> {
    let count = i64::try_from(count)?;
    Ok(match time {
        EventTime::At(instant) => EventTime::At(instant + SignedDuration::from_mins(7 * count + 1)),
        EventTime::On(date) => EventTime::On(date.checked_add(count.days())?),
    })
}

fn google(time: EventTime) -> Value {
    match time {
        EventTime::At(instant) => json!({"dateTime": instant.to_string()}),
        EventTime::On(date) => json!({"date": date.to_string()}),
    }
}
