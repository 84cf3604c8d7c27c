//! `GET /api/v1/users/{user_id}`.

use axum::Json;
use axum::extract::State;
use calsync_store::users;

use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::user::UserView;

pub(crate) async fn handler(
    State(web): State<AppState>,
    PathParams(user_id): PathParams<String>,
    _: NoQuery,
) -> Result<Json<UserView>, Problem> {
    input::user_id(&user_id)?;
    let mut tx = web.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?;
    user.map(|user| Json(user.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
