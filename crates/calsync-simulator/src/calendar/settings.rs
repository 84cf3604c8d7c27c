//! `settings`: what an account chose in Google Calendar's settings; here the defaults, with its own zone.

use serde_json::{Value, json};

use super::{Context, Reply};
use crate::api_error::ApiError;

const DEFAULTS: &[(&str, &str)] = &[
    ("autoAddHangouts", "false"),
    ("dateFieldOrder", "YMD"),
    ("defaultEventLength", "60"),
    ("format24HourTime", "true"),
    ("hideInvitations", "false"),
    ("hideWeekends", "false"),
    ("locale", "en"),
    ("remindOnRespondedEventsOnly", "false"),
    ("showDeclinedEvents", "true"),
    ("timezone", ""),
    ("useKeyboardShortcuts", "true"),
    ("weekStart", "1"),
];

pub(super) fn get(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let id = context.call.item_id();
    let setting = DEFAULTS.iter().find(|(name, _)| *name == id).ok_or_else(ApiError::not_found)?;
    Ok(Reply::json(resource(context, setting)))
}

pub(super) fn list(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let items: Vec<Value> = DEFAULTS.iter().map(|setting| resource(context, setting)).collect();
    Ok(Reply::json(json!({"kind": "calendar#settings", "etag": "\"p320\"", "items": items})))
}

fn resource(context: &Context<'_>, (id, value): &(&str, &str)) -> Value {
    let account = context.world.accounts.get(&context.caller.email);
    let value = match *id {
        "timezone" => account.map_or("UTC", |account| &account.time_zone),
        _ => value,
    };
    json!({"kind": "calendar#setting", "etag": "\"0\"", "id": id, "value": value})
}
