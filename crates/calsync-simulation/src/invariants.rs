//! What must hold, whatever happened: read from the simulated Google alone.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use calsync_simulator::{EventSnapshot, EventTime};

use crate::observed::{Changed, Observed};
use crate::people::USERS;
use crate::wishes::{Expected, Wishes};

/// Holds at every moment, also in the middle of faults. Only what changed is looked at.
pub(crate) fn always(observed: &Observed, changed: &Changed, wishes: &Wishes) -> anyhow::Result<()> {
    for user in &changed.users {
        user_is_left_alone(observed, wishes, user)?;
    }
    for (user, item) in &changed.items {
        item_is_there_once(observed, wishes, user, item)?;
    }
    Ok(())
}

/// A user has one calendar of ours at most, and nothing of ours once they are disconnected.
pub(crate) fn user_is_left_alone(observed: &Observed, wishes: &Wishes, user: &str) -> anyhow::Result<()> {
    let account = observed.of(user)?;
    let calendars = &account.our_calendars;
    let calendars_max = if wishes.is_moving(user) { 2 } else { 1 };
    ensure!(calendars.len() <= calendars_max, "{user} has {} calendars of ours", calendars.len());
    let is_clean = calendars.is_empty() && account.events().next().is_none() && !account.has_grant;
    ensure!(
        !wishes.is_disconnected(user) || is_clean,
        "{user} is disconnected, and something of ours is left: {account:#?}"
    );
    Ok(())
}

/// Nothing stands twice, and what a user removed stays away.
fn item_is_there_once(observed: &Observed, wishes: &Wishes, user: &str, item: &str) -> anyhow::Result<()> {
    let events: Vec<&EventSnapshot> = observed.of(user)?.of_item(item).map(|one| &one.event).collect();
    ensure!(
        !wishes.is_disconnected(user) || events.is_empty(),
        "{user} is disconnected, and {item} is in their calendar"
    );
    if wishes.is_moving(user) {
        let mut seen = BTreeMap::new();
        for event in events {
            let before = seen.insert(&event.calendar_id, &event.id);
            ensure!(before.is_none(), "{item} stands twice in {} of {user}", event.calendar_id);
        }
        return Ok(());
    }
    ensure!(
        events.is_empty() || !wishes.is_removed(user, item),
        "{item} came back to {user}, who had removed it"
    );
    ensure!(events.len() <= 1, "{item} stands twice in the calendar of {user}");
    Ok(())
}

/// Holds when both sides agree: exactly what the platform wants is there, and what users wrote
/// into our events still stands.
pub(crate) fn settled(observed: &Observed, wishes: &Wishes, notes: &[Note]) -> anyhow::Result<()> {
    for user in USERS {
        let mut found = BTreeMap::new();
        for one in observed.of(user)?.events() {
            let expected = seen(&one.event).with_context(|| format!("{} of {user}", one.item))?;
            let before = found.insert(one.item.clone(), expected);
            ensure!(before.is_none(), "{user} has it in two calendars: {before:?}");
        }
        let expected = wishes.expected(user);
        ensure!(found == expected, "the calendar of {user}: {found:#?}\nshould be {expected:#?}");
    }
    for note in notes {
        let Some(one) = observed.of(note.user)?.events().find(|one| one.event.id == note.event_id) else {
            continue;
        };
        let description = one.event.description.as_deref();
        ensure!(
            description.is_some_and(|text| text.contains(&note.text)),
            "a note of {} is gone from {}",
            note.user,
            one.item
        );
        ensure!(
            one.event.color_id.as_deref() == Some("5"),
            "the colour of {} is gone from {}",
            note.user,
            one.item
        );
    }
    Ok(())
}

/// What a user wrote into an event of ours, beside its colour.
pub(crate) struct Note {
    pub(crate) user: &'static str,
    pub(crate) event_id: String,
    pub(crate) text: String,
}

fn seen(event: &EventSnapshot) -> anyhow::Result<Expected> {
    let summary = event.summary.clone().context("has no title")?;
    let start = match event.times()?.0 {
        EventTime::On(date) => date.to_string(),
        EventTime::At(instant) => instant.to_string(),
    };
    Ok(Expected { summary, start })
}
