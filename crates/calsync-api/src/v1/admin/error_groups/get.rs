//! `GET /api/v1/admin/error-groups/{id}`: sync errors of one kind.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::error_group::ErrorGroupView;
use calsync_store::sync_errors;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(id): PathParams<String>,
    _: NoQuery,
) -> Result<Json<ErrorGroupView>, Problem> {
    let mut tx = app.engine.store().read().await?;
    let group = sync_errors::group(&mut tx, &calsync_http::problem::sanitize(&id)).await?;
    group.map(|group| Json(group.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
