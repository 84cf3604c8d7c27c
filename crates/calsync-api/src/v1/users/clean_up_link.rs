//! `POST /api/v1/users/{user_id}/clean-up-link`: an address on which the user consents once, so that
//! what a disconnect left behind a dead grant is removed.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_engine::consent::clean_up;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_store::users;

use super::connect_link::{ConnectLinkView, lifetime};

pub(crate) async fn handler(
    State(app): State<AppState>,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<ConnectLinkView>, Problem> {
    let body = input::object_or_nothing(&body)?;
    let mut errors = Vec::new();
    input::unknown_keys(&body, &["expires_in"], &mut errors);
    let lifetime = lifetime(&body, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    if let Some(link) = clean_up::create_link(&app.engine, &user_id, lifetime).await? {
        return Ok(Json(link.into()));
    }
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?;
    let kind = user.map_or(Kind::NotFound, |_| Kind::NothingToCleanUp);
    Err(Problem::new(kind))
}
