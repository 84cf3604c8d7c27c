//! What must hold, whatever happened: read from the simulated Google alone.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use calsync_simulator::Simulator;
use serde_json::Value;

use crate::people::{USERS, email, work};
use crate::wishes::{Expected, Wishes};

/// An event of ours in a user's calendar.
pub(crate) struct OurEvent {
    pub(crate) calendar_id: String,
    pub(crate) id: String,
    pub(crate) item: String,
    pub(crate) event: Value,
}

/// The calendars that calsync made in the account of `user`.
pub(crate) fn our_calendars(google: &Simulator, user: &str) -> Vec<String> {
    let state = google.state();
    let calendars = state["calendars"].as_array().cloned().unwrap_or_default();
    let ours = |calendar: &Value| {
        let text = calendar.to_string();
        text.contains("[calsync ") && text.contains(&email(user))
    };
    calendars
        .iter()
        .filter(|calendar| ours(calendar))
        .filter_map(|c| c["id"].as_str().map(str::to_owned))
        .collect()
}

/// The live events of ours in the calendars of `user`.
pub(crate) fn live_events(google: &Simulator, user: &str) -> Vec<OurEvent> {
    let mut found = Vec::new();
    let theirs = [email(user), work(user)];
    for calendar_id in our_calendars(google, user).into_iter().chain(theirs) {
        for event in google.events(&calendar_id) {
            let item = event["extendedProperties"]["private"]["calsync_item"].as_str().map(str::to_owned);
            let (Some(item), Some(id)) = (item, event["id"].as_str().map(str::to_owned)) else { continue };
            if event["status"] != "cancelled" {
                found.push(OurEvent { calendar_id: calendar_id.clone(), id, item, event });
            }
        }
    }
    found
}

/// Whether Google still honours a grant of ours for the account of `user`.
fn has_grant(google: &Simulator, user: &str) -> bool {
    let state = google.state();
    state["grants"]
        .as_array()
        .is_some_and(|grants| grants.iter().any(|grant| grant["email"] == email(user).as_str()))
}

/// Holds at every moment, also in the middle of faults.
pub(crate) fn always(google: &Simulator, wishes: &Wishes) -> anyhow::Result<()> {
    for user in USERS {
        let calendars = our_calendars(google, user);
        let is_moving = wishes.is_moving(user);
        let calendars_max = if is_moving { 2 } else { 1 };
        ensure!(calendars.len() <= calendars_max, "{user} has {} calendars of ours", calendars.len());
        ensure!(
            !wishes.is_disconnected(user) || (calendars.is_empty() && !has_grant(google, user)),
            "{user} is disconnected, and something of ours is left: {calendars:?}"
        );
        let mut seen = BTreeMap::new();
        for one in live_events(google, user) {
            ensure!(
                !wishes.is_removed(user, &one.item) || is_moving,
                "{} came back to {user}, who had removed it",
                one.item
            );
            let place = if is_moving { one.calendar_id } else { String::new() };
            let before = seen.insert((one.item.clone(), place), one.id);
            ensure!(before.is_none(), "{} stands twice in the calendar of {user}", one.item);
        }
    }
    Ok(())
}

/// Holds when both sides agree: exactly what the platform wants is there, and what users wrote
/// into our events still stands.
pub(crate) fn settled(google: &Simulator, wishes: &Wishes, notes: &[Note]) -> anyhow::Result<()> {
    for user in USERS {
        let mut found = BTreeMap::new();
        for one in live_events(google, user) {
            let expected = seen(&one.event).with_context(|| format!("{} of {user}", one.item))?;
            let before = found.insert(one.item, expected);
            ensure!(before.is_none(), "{user} has it in two calendars: {before:?}");
        }
        let expected = wishes.expected(user);
        ensure!(found == expected, "the calendar of {user}: {found:#?}\nshould be {expected:#?}");
    }
    for note in notes {
        let events = live_events(google, note.user);
        let Some(one) = events.iter().find(|one| one.id == note.event_id) else { continue };
        let description = one.event["description"].as_str().unwrap_or_default();
        ensure!(description.contains(&note.text), "a note of {} is gone from {}", note.user, one.item);
        ensure!(one.event["colorId"] == "5", "the colour of {} is gone from {}", note.user, one.item);
    }
    Ok(())
}

/// What a user wrote into an event of ours, beside its colour.
pub(crate) struct Note {
    pub(crate) user: &'static str,
    pub(crate) event_id: String,
    pub(crate) text: String,
}

fn seen(event: &Value) -> anyhow::Result<Expected> {
    let summary = event["summary"].as_str().unwrap_or_default().to_owned();
    let start = match event["start"]["date"].as_str() {
        Some(date) => date.to_owned(),
        None => {
            let text = event["start"]["dateTime"].as_str().context("a start")?;
            text.parse::<jiff::Timestamp>().context("a start that reads")?.to_string()
        }
    };
    Ok(Expected { summary, start })
}
