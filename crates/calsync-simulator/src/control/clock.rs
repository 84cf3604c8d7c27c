//! Moves the clock: tokens, sync tokens and quotas age.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::{ok, read, refused};
use crate::app_state::AppState;

/// A hundred years.
const ADVANCE_SECONDS_MAX: i64 = 3_155_760_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_seconds: i64,
    /// Whether the `Date` header goes along.
    #[serde(default)]
    date: bool,
}

pub(super) async fn advance(State(state): State<AppState>, body: Bytes) -> Response {
    let step: Move = match read(&body) {
        Ok(step) => step,
        Err(complaint) => return refused(StatusCode::BAD_REQUEST, &complaint),
    };
    if !(-ADVANCE_SECONDS_MAX..=ADVANCE_SECONDS_MAX).contains(&step.advance_seconds) {
        return refused(StatusCode::BAD_REQUEST, "advance_seconds is further than a hundred years");
    }
    state.clock().advance(SignedDuration::from_secs(step.advance_seconds), step.date);
    ok(json!({"now": state.now()}))
}
