//! `events.import`: a private copy of an event that lives elsewhere, known by its iCalUID.
//!
//! The copy keeps its organizer, so it may be one that the user can't change. Importing it again updates it.

use serde_json::{Value, json};

use super::body;
use super::build::{Writer, build, identity_of};
use super::insert::add;
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn import(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let mut fields = body::whole(context.call)?;
    let uid = fields.get("iCalUID").and_then(Value::as_str).unwrap_or_default().to_owned();
    if uid.is_empty() {
        return Err(ApiError::required("Missing iCalUID."));
    }
    if fields.get("eventType").and_then(Value::as_str).is_some_and(|kind| kind != "default") {
        return Err(ApiError::calendar_rule("eventTypeRestriction", "Only default events can be imported."));
    }
    for chosen_by_google in ["id", "originalStartTime", "recurringEventId"] {
        fields.remove(chosen_by_google);
    }
    let calendar = context.writable_calendar()?;
    if let Some(organizer) = fields.get_mut("organizer").and_then(Value::as_object_mut)
        && organizer.get("email").and_then(Value::as_str) == Some(&calendar.id)
    {
        organizer.insert("self".to_owned(), json!(true));
    }
    let Some(previous) = calendar.events.by_ical_uid(&uid).cloned() else {
        return Ok(Reply::item(Item::Stored(add(context, fields)?)));
    };
    fields.remove("iCalUID");
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    let event = build(calendar, fields, identity_of(&previous), Some(&previous), writer)?;
    let calendar_id = calendar.id.clone();
    Ok(Reply::item(Item::Stored(context.store(&calendar_id, event)?)))
}
