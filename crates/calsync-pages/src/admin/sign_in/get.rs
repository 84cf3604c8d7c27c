//! `GET /admin/sign-in`: the form.

use axum::extract::State;
use axum::response::Response;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use http::StatusCode;

pub(crate) async fn handler(State(app): State<AppState>, mut query: Query) -> Response {
    let next = query.take("next").unwrap_or_default();
    super::page(&app, StatusCode::OK, "", super::safe_next(&next), None)
}
