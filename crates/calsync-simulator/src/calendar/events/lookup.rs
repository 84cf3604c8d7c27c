//! Finding an event by the id of a path.

use std::sync::Arc;

use crate::api_error::ApiError;
use crate::calendar::store::{Calendar, Event};

/// The event as it is stored, a tombstone too.
pub(super) fn find(calendar: &Calendar, id: &str) -> Result<Arc<Event>, ApiError> {
    calendar.events.get(id).cloned().ok_or_else(ApiError::not_found)
}
