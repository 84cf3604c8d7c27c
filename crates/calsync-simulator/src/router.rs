//! All paths, top to bottom.

use axum::Router;
use axum::routing::{any, get, post};

use crate::app_state::AppState;
use crate::oauth::{authorize, revoke, token, userinfo};
use crate::{calendar, control, pages};

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/o/oauth2/v2/auth", get(authorize::endpoint).post(authorize::endpoint))
        .route("/token", post(token::endpoint))
        .route("/revoke", post(revoke::endpoint))
        .route("/oauth2/v3/userinfo", get(userinfo::endpoint))
        .route("/calendar/v3/{*path}", any(calendar::endpoint))
        .route("/batch/calendar/v3", post(calendar::batch::endpoint))
        .merge(pages::router())
        .merge(control::router(state.clone()))
        .fallback(calendar::not_there)
        .with_state(state)
}
