//! `/_control`: what a test or a demo tells the simulator, beside Google's own API.
//!
//! Only for callers from the ranges of `control_from`; calls in process always may.

pub(crate) mod accounts;
pub(crate) mod clock;
pub(crate) mod faults;
pub(crate) mod requests;
pub(crate) mod state;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app_state::AppState;
use crate::server::Peer;

/// Why Google ended a grant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeCause {
    /// The user took the access away.
    #[default]
    User,
    /// Six months without use.
    Unused,
    /// Seven days, while the consent screen is in testing.
    Testing,
    /// The user had granted access for a limited time.
    TimeBased,
    /// The Workspace admin's policy.
    AdminPolicy,
    /// More than 100 refresh tokens for the account and client.
    TooMany,
}

impl RevokeCause {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Unused => "unused",
            Self::Testing => "testing",
            Self::TimeBased => "time_based",
            Self::AdminPolicy => "admin_policy",
            Self::TooMany => "too_many",
        }
    }
}

pub(crate) fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/_control/accounts", post(accounts::add))
        .route("/_control/accounts/{email}/calendars/{id}", patch(accounts::change_calendar))
        .route("/_control/accounts/{email}/token", post(accounts::token))
        .route("/_control/accounts/{email}/revoke", post(accounts::revoke))
        .route("/_control/faults", put(faults::set).delete(faults::clear))
        .route("/_control/clock", post(clock::advance))
        .route("/_control/requests", get(requests::show))
        .route("/_control/state", get(state::show))
        .route("/_control/reset", post(reset_all))
        .layer(middleware::from_fn_with_state(state, guard))
}

async fn guard(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let ranges = &state.options().control_from;
    if peer.is_some_and(|peer| !ranges.iter().any(|range| range.contains(peer))) {
        return refused(StatusCode::FORBIDDEN, "the control API is not open to this address");
    }
    next.run(request).await
}

async fn reset_all(State(state): State<AppState>) -> StatusCode {
    reset(&state);
    StatusCode::NO_CONTENT
}

/// Empties everything; the seeded sequence goes on, so that old tokens and ids don't come again.
pub(crate) fn reset(state: &AppState) {
    state.world().reset();
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

fn unknown_account(email: &str) -> Response {
    refused(StatusCode::NOT_FOUND, &format!("there is no account {email}"))
}

/// A JSON body, whatever its content type says; an empty one is `{}`.
fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn ok(body: Value) -> Response {
    Json(body).into_response()
}
