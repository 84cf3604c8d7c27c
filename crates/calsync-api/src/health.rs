//! `GET /healthz` and `GET /readyz`: for whatever starts, watches and balances processes.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::problem::Problem;
use calsync_store::api_keys;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// The process runs.
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The database answers a question.
pub(crate) async fn ready(State(app): State<AppState>) -> Result<Json<Health>, Problem> {
    let mut tx = app.engine.store().read().await?;
    api_keys::find(&mut tx, "").await?;
    Ok(Json(Health { status: "ok" }))
}
