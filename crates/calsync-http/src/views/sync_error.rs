//! A sync error as it is shown: what was tried, what Google said, what it means, what to do.

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::sync_errors::SyncError;
use jiff::Timestamp;
use serde::Serialize;

use super::Audience;
use super::next_step::NextStep;

/// A sync error.
#[derive(Serialize)]
pub struct SyncErrorView {
    id: String,
    at: Timestamp,
    user_id: String,
    provider: String,
    kind: Option<String>,
    item_id: Option<String>,
    operation: Operation,
    outcome: Outcome,
    reason: Reason,
    sentence: &'static str,
    next_step: NextStep,
    http_status: Option<i64>,
    provider_reason: Option<String>,
    provider_message: Option<String>,
    group_id: Option<String>,
    trace_id: String,
}

impl From<SyncError> for SyncErrorView {
    fn from(error: SyncError) -> Self {
        Self {
            sentence: error.reason.info().admin_sentence,
            next_step: NextStep::for_reason(error.reason, Audience::Admin),
            id: error.id,
            at: error.at,
            user_id: error.user_id,
            provider: error.provider,
            kind: error.kind,
            item_id: error.item_id,
            operation: error.operation,
            outcome: error.outcome,
            reason: error.reason,
            http_status: error.http_status,
            provider_reason: error.provider_reason,
            provider_message: error.provider_message,
            group_id: error.group_id,
            trace_id: error.trace_id,
        }
    }
}
