//! `events.delete`: leaves a tombstone, which keeps its id taken for ever.

use std::sync::Arc;

use serde_json::json;

use super::build::{self, Writer, build};
use super::lookup;
use crate::api_error::ApiError;
use crate::calendar::{Context, Reply};
use crate::world::calendar::{Calendar, Event};

pub(in crate::calendar) fn delete(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    context.call.query.word("sendUpdates", &["all", "externalOnly", "none"])?;
    let calendar = context.writable_calendar()?;
    let previous = lookup::find(calendar, context.call.item_id())?;
    if previous.cancelled {
        return Err(ApiError::deleted());
    }
    context.check_if_match(previous.etag())?;
    let calendar_id = calendar.id.clone();
    bury(context, &calendar_id, &previous)?;
    Ok(Reply::nothing())
}

/// Cancels an event, and with a series its exceptions.
pub(super) fn bury(context: &mut Context<'_>, calendar_id: &str, event: &Arc<Event>) -> Result<(), ApiError> {
    let calendar = context.world.calendars.get(calendar_id).ok_or_else(ApiError::not_found)?;
    let exceptions: Vec<Arc<Event>> =
        calendar.events.exceptions_of(&event.id).filter(|exception| !exception.cancelled).cloned().collect();
    for buried in exceptions.iter().chain([event]) {
        let calendar = context.world.calendars.get(calendar_id).ok_or_else(ApiError::not_found)?;
        let tombstone = tombstone(calendar, buried, context)?;
        context.store(calendar_id, tombstone)?;
    }
    Ok(())
}

fn tombstone(calendar: &Calendar, event: &Event, context: &Context<'_>) -> Result<Event, ApiError> {
    let mut fields = build::callers_fields(event);
    fields.insert("status".to_owned(), json!("cancelled"));
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    build(calendar, fields, build::identity_of(event), Some(event), writer)
}
