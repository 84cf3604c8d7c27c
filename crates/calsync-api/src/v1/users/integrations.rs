//! `GET /api/v1/users/{user_id}/integrations`: a user's connections, in their own words and language,
//! without secrets.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::integration::{self, IntegrationView};
use calsync_http::views::{Audience, List};
use calsync_store::users;

pub(crate) async fn handler(
    State(app): State<AppState>,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Json<List<IntegrationView>>, Problem> {
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let audience = Audience::user(user.locale.as_deref());
    let items = integration::of_user(&app.engine, &mut tx, &user_id, audience).await?;
    Ok(Json(List::whole(items)))
}
