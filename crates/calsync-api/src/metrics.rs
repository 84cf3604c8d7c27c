//! `GET /metrics`: what this process counted and how things stand, for Prometheus. Counts alone, so for everyone who
//! reaches it; `server.metrics_listen` gives it an address of its own.

use axum::extract::State;
use axum::response::IntoResponse;
use calsync_engine::scrape::{CONTENT_TYPE, scrape};
use calsync_http::app_state::AppState;
use http::header;

/// Where they are.
pub const PATH: &str = "/metrics";

pub(crate) async fn handler(State(app): State<AppState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], scrape(&app.engine).await)
}
