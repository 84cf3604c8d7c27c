//! `GET /api/v1/admin/disconnects/{id}`: a disconnect with the receipts of its steps.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};
use calsync_http::views::disconnect::DisconnectView;
use calsync_store::disconnects;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(id): PathParams<String>,
    _: NoQuery,
) -> Result<Json<DisconnectView>, Problem> {
    let mut tx = app.engine.store().read().await?;
    let saga =
        disconnects::get(&mut tx, &sanitize(&id)).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(DisconnectView::with_leftovers(&mut tx, saga).await?))
}
