//! `GET /api/v1/users/{user_id}/integrations`: a user's connections, in their own words and language,
//! without secrets.

use axum::Json;
use axum::extract::State;
use calsync_store::users;

use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::integration::{self, IntegrationView};
use calsync_http::views::{Audience, List};

pub(crate) async fn handler(
    State(web): State<AppState>,
    PathParams(user_id): PathParams<String>,
    _: NoQuery,
) -> Result<Json<List<IntegrationView>>, Problem> {
    input::user_id(&user_id)?;
    let mut tx = web.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let audience = Audience::user(user.locale.as_deref());
    let items = integration::of_user(&web.engine, &mut tx, &user_id, audience).await?;
    Ok(Json(List::whole(items)))
}
