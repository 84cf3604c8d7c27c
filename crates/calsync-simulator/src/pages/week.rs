//! `/accounts/{email}`: a week of all the account's calendars.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::event_form::EventForm;
use super::{account_path, event_path};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::calendar::events;
use crate::query::Query;
use crate::world::calendar::{Calendar, Event};
use crate::world::{Account, World};

#[derive(Template)]
#[template(path = "week.html")]
struct WeekPage {
    email: String,
    here: String,
    zone: String,
    previous: String,
    next: String,
    days: Vec<Day>,
    calendars: Vec<CalendarChoice>,
    form: String,
    error: Option<String>,
}

struct Day {
    title: String,
    entries: Vec<Entry>,
}

struct Entry {
    href: String,
    time: String,
    summary: String,
    calendar: String,
    class: String,
}

struct CalendarChoice {
    id: String,
    summary: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    Path(email): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Query::parse(query.unwrap_or_default().as_bytes());
    let day = query.get("week").and_then(|day| day.parse().ok());
    page(&state, &email, day, None)
}

/// The week that holds the day (else today), with what went wrong before.
pub(super) fn page(state: &AppState, email: &str, day: Option<Date>, error: Option<String>) -> Answer {
    let now = state.now();
    let world = state.world();
    let Some(account) = world.accounts.get(&email.to_lowercase()) else {
        return Answer::empty(StatusCode::NOT_FOUND);
    };
    let zone = zone_of(account);
    let day = day.unwrap_or_else(|| now.to_zoned(zone.clone()).date());
    let monday = day.checked_sub(i32::from(Weekday::Monday.until(day.weekday())).days()).unwrap_or(day);
    let here = account_path(&account.email);
    let week = |weeks: i32| format!("{here}?week={}", monday.checked_add(weeks.weeks()).unwrap_or(monday));
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = WeekPage {
        email: account.email.clone(),
        zone: account.time_zone.clone(),
        previous: week(-1),
        next: week(1),
        days: (0..7)
            .filter_map(|index| shown_day(&world, account, monday.checked_add(index.days()).ok()?))
            .collect(),
        calendars: calendars(&world, account)
            .filter(|calendar| calendar.role_of(&account.email).is_some_and(|role| role.may_write()))
            .map(|calendar| CalendarChoice { id: calendar.id.clone(), summary: calendar.summary.clone() })
            .collect(),
        form: EventForm::blank(day).html(),
        here,
        error,
    };
    Answer::page(status, &page)
}

pub(super) fn zone_of(account: &Account) -> TimeZone {
    TimeZone::get(&account.time_zone).unwrap_or(TimeZone::UTC)
}

fn calendars<'a>(world: &'a World, account: &'a Account) -> impl Iterator<Item = &'a Calendar> {
    let ids = account.list.iter().filter(|(_, entry)| !entry.deleted).map(|(id, _)| id);
    ids.filter_map(|id| world.calendars.get(id))
}

fn shown_day(world: &World, account: &Account, date: Date) -> Option<Day> {
    let zone = zone_of(account);
    let midnight = |date: Date| date.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    let (start, end) = (midnight(date)?, midnight(date.tomorrow().ok()?)?);
    let mut entries: Vec<(Timestamp, Entry)> = Vec::new();
    for calendar in calendars(world, account) {
        for event in events::in_window(calendar, start, end) {
            let begins = event.span.as_ref().map_or(start, |span| span.start.instant());
            entries.push((begins, entry(account, calendar, &event, &zone)));
        }
    }
    entries.sort_by_key(|(begins, _)| *begins);
    let title = date.strftime("%a %-d %b").to_string();
    Some(Day { title, entries: entries.into_iter().map(|(_, entry)| entry).collect() })
}

fn entry(account: &Account, calendar: &Calendar, event: &Event, zone: &TimeZone) -> Entry {
    let clock = |instant: Timestamp| instant.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let time = match &event.span {
        Some(span) if !span.start.is_day() => {
            format!("{}–{}", clock(span.start.instant()), clock(span.end.instant()))
        }
        _ => "all day".to_owned(),
    };
    let color = event.text("colorId").map(|id| format!("color-{id} ")).unwrap_or_default();
    Entry {
        href: event_path(&account.email, &calendar.id, &event.id),
        time,
        summary: event.text("summary").unwrap_or("(No title)").to_owned(),
        calendar: calendar.summary.clone(),
        class: format!("{color}{}", event.text("status").unwrap_or_default()),
    }
}
