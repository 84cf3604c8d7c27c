//! The counts of requests alone: a look at them costs next to nothing, however much there is.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::ok;
use crate::app_state::AppState;

pub(super) async fn show(State(state): State<AppState>) -> Response {
    let counts = {
        let world = state.world();
        json!({"requests": world.quota.requests, "quota_units": world.quota.units})
    };
    ok(counts)
}
