//! Recurring events.

use serde_json::{Map, Value};

use super::moments::Span;
use crate::api_error::ApiError;

/// What repeats.
#[derive(Debug, Clone)]
pub(crate) struct Recurrence;

impl Recurrence {
    pub(super) fn read(_fields: &Map<String, Value>, _first: &Span) -> Result<Self, ApiError> {
        Ok(Self)
    }
}
