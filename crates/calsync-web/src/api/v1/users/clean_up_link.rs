//! `POST /api/v1/users/{user_id}/clean-up-link`: an address on which the user consents once, so that
//! what a disconnect left behind a dead grant is removed.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_engine::clean_up;
use calsync_store::users;

use super::connect_link::{ConnectLinkShape, lifetime};
use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(user_id): InPath<String>,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<ConnectLinkShape>, Problem> {
    input::user_id(&user_id)?;
    let body = input::object_or_nothing(&body)?;
    let mut errors = Vec::new();
    input::unknown_keys(&body, &["expires_in"], &mut errors);
    let lifetime = lifetime(&body, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    if let Some(link) = clean_up::create_link(&web.engine, &user_id, lifetime).await? {
        return Ok(Json(link.into()));
    }
    let mut tx = web.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?;
    let kind = user.map_or(Kind::NotFound, |_| Kind::NothingToCleanUp);
    Err(Problem::new(kind))
}
