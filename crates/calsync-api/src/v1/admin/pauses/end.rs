//! `POST /api/v1/admin/pauses/{id}/end`: ends a pause; also one that followed from what Google answered, which begins
//! anew where Google answers the same.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};
use calsync_http::retrying_tx;
use calsync_http::views::pause::PauseView;
use calsync_store::pauses;

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    PathParams(id): PathParams<String>,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<PauseView>, Problem> {
    let note = input::only_note(&body)?;
    let (id, store, now) = (sanitize(&id), app.engine.store(), app.engine.now());
    let by = (admin.id.as_str(), note.as_str());
    let ended = retrying_tx!(app.engine, |tx| pauses::end_by_admin(store, tx, &id, by, now).await?)?;
    let ended = ended.ok_or_else(|| Problem::new(Kind::NotFound))?;
    app.engine.hint();
    Ok(Json(ended.into()))
}
