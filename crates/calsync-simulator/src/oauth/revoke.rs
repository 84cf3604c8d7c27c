//! `POST /revoke`: ends the whole grant of the token's client and user, by a token of either kind.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{Request, Response, StatusCode};
use serde_json::json;

use super::{FORM_BYTES_MAX, bad_request, through_faults};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::query::Query;

pub(crate) async fn endpoint(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let in_query = Query::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let delivery = match to_bytes(body, FORM_BYTES_MAX).await {
        Ok(form) => {
            let form = Query::parse(&form);
            perform(&state, form.get("token").or(in_query.get("token")))
        }
        Err(_) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
    };
    deliver(&state, delivery, false).await
}

fn perform(state: &AppState, token: Option<&str>) -> Delivery {
    let now = state.now();
    let mut world = state.world();
    let owner = token.and_then(|token| world.grants.owner_of(token, now));
    let email = owner.as_ref().map(|(email, _)| email.clone());
    through_faults(&mut world, "revoke", email.as_deref(), |world, _| match (token, owner) {
        (None, _) => bad_request("invalid_request", "Missing required parameter: token"),
        (Some(_), None) => bad_request("invalid_token", "Token expired or revoked"),
        (Some(_), Some((email, client_id))) => {
            world.grants.end(&email, &client_id, "revoked_by_app", now);
            Answer::json(StatusCode::OK, &json!({}))
        }
    })
}
