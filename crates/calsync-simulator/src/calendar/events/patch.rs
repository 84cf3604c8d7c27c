//! `events.patch`: merges by key, arrays as a whole, null clears.
//!
//! Going from timed to all-day therefore takes a null for the other key.

use super::build::{self, Writer, build};
use super::{body, lookup, organizer};
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn patch(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let mut changes = body::changes(context.call)?;
    let calendar = context.writable_calendar()?;
    let previous = lookup::find(calendar, context.call.item_id())?;
    context.check_if_match(previous.etag())?;
    let identity = build::identity_of(&previous);
    for immutable in ["id", "iCalUID", "eventType", "originalStartTime", "organizer", "recurringEventId"] {
        changes.remove(immutable);
    }
    let mut fields = build::callers_fields(&previous);
    body::merge(&mut fields, changes);
    organizer::check(&previous, &fields)?;
    let writer = Writer { email: &context.caller.email, now: context.now, quirks: context.world.quirks };
    let event = build(calendar, fields, identity, Some(&previous), writer)?;
    let calendar_id = calendar.id.clone();
    Ok(Reply::item(Item::Stored(context.store(&calendar_id, event)?)))
}
