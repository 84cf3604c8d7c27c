//! `GET /api/v1/admin/error-groups/{id}`: sync errors of one kind.

use axum::Json;
use axum::extract::State;
use calsync_store::sync_errors;

use crate::app_state::AppState;
use crate::input::{NoQuery, PathParams};
use crate::problem::{Kind, Problem};
use crate::views::error_group::ErrorGroupView;

pub(crate) async fn handler(
    State(web): State<AppState>,
    PathParams(id): PathParams<String>,
    _: NoQuery,
) -> Result<Json<ErrorGroupView>, Problem> {
    let mut tx = web.engine.store().read().await?;
    let group = sync_errors::group(&mut tx, &crate::problem::sanitize(&id)).await?;
    group.map(|group| Json(group.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
