//! Sets and clears the fault rules.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::{ok, read, refused};
use crate::app_state::AppState;
use crate::faults::FaultRule;

const APIS: [&str; 4] = ["oauth", "calendar", "tasks", "push"];

pub(super) async fn set(State(state): State<AppState>, body: Bytes) -> Response {
    let rules: Vec<FaultRule> = match read(&body) {
        Ok(rules) => rules,
        Err(complaint) => return refused(StatusCode::BAD_REQUEST, &complaint),
    };
    if let Some(complaint) = rules.iter().find_map(complaint) {
        return refused(StatusCode::BAD_REQUEST, &complaint);
    }
    let count = rules.len();
    state.world().faults.set(rules);
    ok(json!({"rules": count}))
}

pub(super) async fn clear(State(state): State<AppState>) -> StatusCode {
    state.world().faults.set(Vec::new());
    StatusCode::NO_CONTENT
}

/// What a rule gets wrong, beyond its types.
fn complaint(rule: &FaultRule) -> Option<String> {
    if let Some(api) = rule.matches.api.as_deref().filter(|api| !APIS.contains(api)) {
        return Some(format!("api `{api}` is none of {}", APIS.join(", ")));
    }
    if let Some(status) = rule.effect.status.filter(|status| !(400..=599).contains(status)) {
        return Some(format!("status {status} is not an error (400 to 599)"));
    }
    let probability = rule.probability.unwrap_or(1.0);
    (!(0.0..=1.0).contains(&probability)).then(|| format!("probability {probability} is not between 0 and 1"))
}
