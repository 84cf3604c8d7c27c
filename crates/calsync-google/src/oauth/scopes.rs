//! The permissions that calsync asks for: no more than a user's choices need.
//!
//! A calendar of ours needs `calendar.app.created`, which reaches no other calendar; one of the
//! user's needs `calendar.events`. Google lets users untick each of them.

use std::collections::BTreeSet;

use calsync_core::integration::CalendarChoice;

/// The account's identity.
pub const OPENID: &str = "openid";
/// Its address.
pub const EMAIL: &str = "email";
/// Which calendars there are.
pub const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
/// Calendars that we make, and their events.
pub const APP_CALENDARS: &str = "https://www.googleapis.com/auth/calendar.app.created";
/// Events of all calendars.
pub const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
/// Google Tasks.
pub const TASKS: &str = "https://www.googleapis.com/auth/tasks";

/// Whose account it is; users can't untick these.
pub const IDENTITY: [&str; 2] = [OPENID, EMAIL];

/// What Google calls [`EMAIL`] in its answers.
const EMAIL_AS_GRANTED: &str = "https://www.googleapis.com/auth/userinfo.email";

/// What a user chose, as far as permissions depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The calendar.
    pub calendar: CalendarChoice,
    /// Tasks go to Google Tasks.
    pub google_tasks: bool,
}

/// What `choice` needs.
pub fn wanted(choice: Choice) -> Vec<&'static str> {
    let mut wanted = IDENTITY.to_vec();
    wanted.push(CALENDAR_LIST);
    wanted.push(match choice.calendar {
        CalendarChoice::New => APP_CALENDARS,
        CalendarChoice::Existing => EVENTS,
    });
    if choice.google_tasks {
        wanted.push(TASKS);
    }
    wanted
}

/// What of that sync can't do without. The list of calendars is only comfort where the calendar is
/// ours: it is searched after a lost answer, and asked for again then.
pub fn needed(choice: Choice) -> Vec<&'static str> {
    let is_comfort = |scope: &&str| choice.calendar == CalendarChoice::New && *scope == CALENDAR_LIST;
    wanted(choice).into_iter().filter(|scope| !is_comfort(scope)).collect()
}

/// What of `wanted` was not granted.
pub fn missing<'a>(wanted: &[&'a str], granted: &BTreeSet<String>) -> Vec<&'a str> {
    wanted.iter().copied().filter(|scope| !granted.contains(*scope)).collect()
}

/// Google's list of what was granted, in our names.
pub(super) fn granted(list: &str) -> BTreeSet<String> {
    let ours = |scope| if scope == EMAIL_AS_GRANTED { EMAIL } else { scope };
    list.split_whitespace().map(|scope| ours(scope).to_owned()).collect()
}
