//! What only an event's organizer may change.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::world::calendar::Event;

/// The properties that all guests share.
const SHARED: [&str; 6] = ["description", "end", "location", "recurrence", "start", "summary"];

/// Refuses changes of shared properties on a copy whose organizer is someone else, unless guests may modify it.
pub(super) fn check(previous: &Event, fields: &Map<String, Value>) -> Result<(), ApiError> {
    let organizer = previous.resource.get("organizer");
    let ours = organizer.is_none_or(|organizer| organizer.get("self") == Some(&Value::Bool(true)));
    let open = previous.resource.get("guestsCanModify") == Some(&Value::Bool(true));
    let differs = |name: &&str| fields.get(*name) != previous.resource.get(*name);
    if !ours && !open && SHARED.iter().any(differs) {
        return Err(ApiError::not_organizer());
    }
    Ok(())
}
