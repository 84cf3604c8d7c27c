//! Not there yet.

use crate::api_error::ApiError;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn relocate(_context: &mut Context<'_>) -> Result<Reply, ApiError> {
    Err(ApiError::not_found())
}
