//! One event: making, seeing, changing and deleting it as the user of the account.

use askama::Template;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::event_form::EventForm;
use super::{account_path, event_path, message, week};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::query::Query;
use crate::user_edits;

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    summary: String,
    here: String,
    back: String,
    form: String,
    resource: String,
    error: Option<String>,
}

/// Account, calendar and event of a path.
type Ids = (String, String, String);

pub(super) async fn show(State(state): State<AppState>, Path(ids): Path<Ids>) -> Answer {
    page(&state, &ids, None)
}

pub(super) async fn create(State(state): State<AppState>, Path(email): Path<String>, body: Bytes) -> Answer {
    let form = Query::parse(&body);
    let calendar = form.get("calendar").unwrap_or("primary").to_owned();
    let done = EventForm::patch(&form, &zone_name(&state, &email)).and_then(|event| {
        user_edits::insert(&state, &email, &calendar, &event).map_err(|error| message(&error))
    });
    let day = form.get("starts").and_then(|starts| starts.get(..10)).and_then(|day| day.parse().ok());
    match (done, day) {
        (Err(error), day) => week::page(&state, &email, day, Some(error)),
        (Ok(_), Some(day)) => back_to_week(&email, &day.to_string()),
        (Ok(_), None) => Answer::redirect(StatusCode::SEE_OTHER, &account_path(&email)),
    }
}

pub(super) async fn save(State(state): State<AppState>, Path(ids): Path<Ids>, body: Bytes) -> Answer {
    let (email, calendar, event) = &ids;
    let done = EventForm::patch(&Query::parse(&body), &zone_name(&state, email)).and_then(|patch| {
        user_edits::patch(&state, email, calendar, event, &patch).map_err(|error| message(&error))
    });
    match done {
        Ok(saved) => back_to_week(email, day_of(&saved)),
        Err(error) => page(&state, &ids, Some(error)),
    }
}

pub(super) async fn delete(State(state): State<AppState>, Path(ids): Path<Ids>) -> Answer {
    let (email, calendar, event) = &ids;
    let day = user_edits::get(&state, email, calendar, event).unwrap_or_default();
    match user_edits::delete(&state, email, calendar, event) {
        Ok(()) => back_to_week(email, day_of(&day)),
        Err(error) => page(&state, &ids, Some(message(&error))),
    }
}

fn page(state: &AppState, (email, calendar, event): &Ids, error: Option<String>) -> Answer {
    let Ok(resource) = user_edits::get(state, email, calendar, event) else {
        return Answer::empty(StatusCode::NOT_FOUND);
    };
    let zone = TimeZone::get(&zone_name(state, email)).unwrap_or(TimeZone::UTC);
    let page = EventPage {
        summary: resource["summary"].as_str().unwrap_or("(No title)").to_owned(),
        here: event_path(email, calendar, event),
        back: format!("{}?week={}", account_path(email), day_of(&resource)),
        form: EventForm::of(&resource, &zone).html(),
        resource: serde_json::to_string_pretty(&resource).unwrap_or_default(),
        error,
    };
    let status = if page.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Answer::page(status, &page)
}

fn zone_name(state: &AppState, email: &str) -> String {
    let world = state.world();
    world.accounts.get(&email.to_lowercase()).map_or("UTC", |account| &account.time_zone).to_owned()
}

/// The first day of an event.
fn day_of(resource: &Value) -> &str {
    let start = &resource["start"];
    let text = start["date"].as_str().or_else(|| start["dateTime"].as_str());
    text.and_then(|text| text.get(..10)).unwrap_or_default()
}

fn back_to_week(email: &str, day: &str) -> Answer {
    Answer::redirect(StatusCode::SEE_OTHER, &format!("{}?week={day}", account_path(email)))
}
