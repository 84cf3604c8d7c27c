//! `GET /admin/password`: the form. Whoever came with a one-time password sees nothing else first.

use axum::extract::State;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;

pub(crate) async fn handler(State(app): State<AppState>, admin: SignedInAdmin) -> Response {
    super::page(&app, &admin, None)
}
