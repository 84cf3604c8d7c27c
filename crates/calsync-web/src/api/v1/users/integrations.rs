//! `GET /api/v1/users/{user_id}/integrations`: a user's connections, in their own words,
//! without secrets.

use axum::Json;
use axum::extract::State;
use calsync_store::users;

use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::integration::{self, IntegrationShape};
use crate::shapes::{Audience, List};
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(user_id): InPath<String>,
    _: NoQuery,
) -> Result<Json<List<IntegrationShape>>, Problem> {
    input::user_id(&user_id)?;
    let mut tx = web.engine.store().read().await?;
    if users::get(&mut tx, &user_id).await?.is_none() {
        return Err(Problem::new(Kind::NotFound));
    }
    let items = integration::of_user(&mut tx, &user_id, Audience::User, web.engine.now()).await?;
    Ok(Json(List::whole(items)))
}
