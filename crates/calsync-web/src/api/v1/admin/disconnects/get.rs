//! `GET /api/v1/admin/disconnects/{id}`: a disconnect with the receipts of its steps.

use axum::Json;
use axum::extract::State;
use calsync_store::disconnects;

use crate::input::{InPath, NoQuery};
use crate::problem::{Kind, Problem, clean};
use crate::shapes::disconnect::DisconnectShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(id): InPath<String>,
    _: NoQuery,
) -> Result<Json<DisconnectShape>, Problem> {
    let mut tx = web.engine.store().read().await?;
    let saga = disconnects::get(&mut tx, &clean(&id)).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(DisconnectShape::with_leftovers(&mut tx, saga).await?))
}
