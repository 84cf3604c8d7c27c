//! Finding an event by the id of a path.

use std::sync::Arc;

use super::occurrences;
use crate::api_error::ApiError;
use crate::world::calendar::{Calendar, Event};

/// The event as it is stored, a tombstone too; or an occurrence that isn't stored yet.
pub(super) fn find(calendar: &Calendar, id: &str) -> Result<Arc<Event>, ApiError> {
    let stored = calendar.events.get(id).cloned();
    stored.or_else(|| occurrences::named(calendar, id)).ok_or_else(ApiError::not_found)
}
