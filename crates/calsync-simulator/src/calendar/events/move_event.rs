//! `events.move`: to another calendar, under the same id. Here it leaves a tombstone.

use serde_json::Value;

use super::build::{Writer, build, callers_fields, identity_of};
use super::delete::bury;
use super::lookup;
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn move_event(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let destination = context
        .call
        .query
        .get("destination")
        .ok_or_else(|| ApiError::required("Missing destination calendar."))?;
    let source = context.writable_calendar()?;
    let event = lookup::find(source, context.call.item_id())?;
    context.check_if_match(event.etag())?;
    if event.cancelled {
        return Err(ApiError::deleted());
    }
    if event.series.is_some() || event.text("eventType").is_some_and(|kind| kind != "default") {
        return Err(ApiError::calendar_rule(
            "cannotChangeOrganizer",
            "Cannot change the organizer of this event.",
        ));
    }
    let (target, role) = context.calendar_named(destination)?;
    if !role.may_write() {
        return Err(ApiError::required_access_level("writer"));
    }
    let (source_id, target_id) = (source.id.clone(), target.id.clone());
    if source_id == target_id {
        return Ok(Reply::item(Item::Stored(event)));
    }
    if target.events.get(&event.id).is_some_and(|there| !there.cancelled) {
        return Err(ApiError::duplicate());
    }
    let mut fields = callers_fields(&event);
    fields.remove("organizer");
    fields.entry("sequence").or_insert(Value::from(0));
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    let moved = build(target, fields, identity_of(&event), None, writer)?;
    bury(context, &source_id, &event)?;
    Ok(Reply::item(Item::Stored(context.store(&target_id, moved)?)))
}
