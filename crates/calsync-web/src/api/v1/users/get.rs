//! `GET /api/v1/users/{user_id}`.

use axum::Json;
use axum::extract::State;
use calsync_store::users;

use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::user::UserShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(user_id): InPath<String>,
    _: NoQuery,
) -> Result<Json<UserShape>, Problem> {
    input::user_id(&user_id)?;
    let mut tx = web.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?;
    user.map(|user| Json(user.into())).ok_or_else(|| Problem::new(Kind::NotFound))
}
