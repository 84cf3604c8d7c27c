//! What a Google user does by hand, for tests and for the pages: through the same methods as the API.
//!
//! Such edits pass no fault rule, count no request and cost no quota: they aren't our client's.

use http::{HeaderMap, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::calendar::{Call, Payload, Reply, as_user};

pub(crate) fn insert(state: &AppState, email: &str, calendar: &str, event: &Value) -> Result<Value, Value> {
    edit(state, email, &Method::POST, &path(calendar, None), event)
}

pub(crate) fn patch(
    state: &AppState,
    email: &str,
    calendar: &str,
    event: &str,
    patch: &Value,
) -> Result<Value, Value> {
    edit(state, email, &Method::PATCH, &path(calendar, Some(event)), patch)
}

pub(crate) fn delete(state: &AppState, email: &str, calendar: &str, event: &str) -> Result<(), Value> {
    edit(state, email, &Method::DELETE, &path(calendar, Some(event)), &Value::Null).map(|_| ())
}

pub(crate) fn get(state: &AppState, email: &str, calendar: &str, event: &str) -> Result<Value, Value> {
    edit(state, email, &Method::GET, &path(calendar, Some(event)), &Value::Null)
}

pub(crate) fn events(state: &AppState, calendar: &str) -> Vec<Value> {
    let world = state.world();
    let log = world.calendars.get(calendar).map(|calendar| &calendar.events);
    log.into_iter().flat_map(|log| log.after(0)).map(|event| Value::Object(event.resource.clone())).collect()
}

fn path(calendar: &str, event: Option<&str>) -> String {
    let segment = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let events = format!("/calendar/v3/calendars/{}/events", segment(calendar));
    event.map_or(events.clone(), |event| format!("{events}/{}", segment(event)))
}

fn edit(state: &AppState, email: &str, method: &Method, path: &str, body: &Value) -> Result<Value, Value> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    // A person at Google's own pages knows of conferences and attachments.
    let query = "conferenceDataVersion=1&supportsAttachments=true";
    let call = Call::of(method, path, query, &HeaderMap::new(), body.as_bytes());
    as_user(state, &call, email).map(resource).map_err(|error: ApiError| error.body())
}

fn resource(reply: Reply) -> Value {
    match reply.payload {
        Payload::Nothing => Value::Null,
        Payload::Json(body) => body,
        Payload::Stored(event) => Value::Object(event.resource.clone()),
        Payload::Page(head, _) => Value::Object(head),
    }
}
