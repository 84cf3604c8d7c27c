//! `GET /api/v1/users/{user_id}`.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::user::UserView;
use calsync_store::users;

pub(crate) async fn handler(
    State(app): State<AppState>,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Json<UserView>, Problem> {
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?;
    user.map(|user| Json(user.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
