//! `freebusy.query`.

use super::{Context, Reply};
use crate::api_error::ApiError;

pub(super) fn query(_context: &mut Context<'_>) -> Result<Reply, ApiError> {
    Err(ApiError::not_found())
}
