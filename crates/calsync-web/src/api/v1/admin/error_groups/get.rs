//! `GET /api/v1/admin/error-groups/{id}`: sync errors of one kind.

use axum::Json;
use axum::extract::State;
use calsync_store::sync_errors;

use crate::input::{InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::error_group::ErrorGroupShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(id): InPath<String>,
    _: NoQuery,
) -> Result<Json<ErrorGroupShape>, Problem> {
    let mut tx = web.engine.store().read().await?;
    let group = sync_errors::group(&mut tx, &crate::problem::clean(&id)).await?;
    group.map(|group| Json(group.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
