//! `events.update`: replaces everything that a caller can set.
//!
//! What the body doesn't name is gone, as are conference and attachments when the call doesn't say that it
//! knows of them. A deleted event whose update says `confirmed`, or nothing, is back.

use serde_json::Value;

use super::build::{self, Writer, build};
use super::{body, lookup, organizer};
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn update(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let mut fields = body::whole(context.call)?;
    let calendar = context.writable_calendar()?;
    let previous = lookup::find(calendar, context.call.item_id())?;
    context.check_if_match(previous.etag())?;
    let identity = build::identity_of(&previous);
    for immutable in ["id", "iCalUID", "originalStartTime", "organizer", "recurringEventId"] {
        fields.remove(immutable);
    }
    if fields.get("eventType").is_some_and(|kind| Some(kind) != previous.resource.get("eventType")) {
        return Err(ApiError::calendar_rule("eventTypeRestriction", "Event type cannot be changed."));
    }
    if fields.get("status").and_then(Value::as_str) == Some("cancelled") {
        build::carry_times(&mut fields, &previous);
    }
    organizer::check(&previous, &fields)?;
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    let event = build(calendar, fields, identity, Some(&previous), writer)?;
    let calendar_id = calendar.id.clone();
    Ok(Reply::item(Item::Stored(context.store(&calendar_id, event)?)))
}
