//! `events.insert`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::body;
use super::build::{Identity, Writer, build};
use super::validate::check_id;
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::{Context, Reply};
use crate::world::calendar::Event;

pub(in crate::calendar) fn insert(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let mut fields = body::whole(context.call)?;
    // Only an import may name them.
    fields.remove("organizer");
    fields.remove("originalStartTime");
    fields.remove("recurringEventId");
    let event = add(context, fields)?;
    Ok(Reply::item(Item::Stored(event)))
}

/// Adds an event under the id and iCalUID that the fields name, or new ones. A tombstone still holds both.
pub(super) fn add(context: &mut Context<'_>, mut fields: Map<String, Value>) -> Result<Arc<Event>, ApiError> {
    let id = match fields.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => {
            check_id(&id)?;
            id
        }
        _ => context.world.random.event_id(),
    };
    let calendar = context.writable_calendar()?;
    let ical_uid = match fields.remove("iCalUID") {
        Some(Value::String(uid)) if !uid.is_empty() => uid,
        _ => format!("{id}@google.com"),
    };
    if calendar.events.get(&id).is_some() || calendar.events.by_ical_uid(&ical_uid).is_some() {
        return Err(ApiError::duplicate());
    }
    let identity = Identity { id, ical_uid, exception_of: None };
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    let event = build(calendar, fields, identity, None, writer)?;
    let calendar_id = calendar.id.clone();
    context.store(&calendar_id, event)
}
