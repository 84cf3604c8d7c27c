//! `GET /api/v1/admin/users/{user_id}/integrations`: all providers' connections of a user, in an
//! admin's words. Never a token.

use axum::Json;
use axum::extract::State;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::admin_user::shown_email;
use calsync_http::views::integration::{self, IntegrationView};
use calsync_http::views::{Audience, List};
use calsync_store::users;

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Json<List<IntegrationView>>, Problem> {
    let mut tx = app.engine.store().read().await?;
    if users::get(&mut tx, &user_id).await?.is_none() {
        return Err(Problem::new(Kind::NotFound));
    }
    let mut items = integration::of_user(&app.engine, &mut tx, &user_id, Audience::Admin).await?;
    for item in &mut items {
        item.account_email = item.account_email.take().map(|email| shown_email(&email, admin.role));
    }
    Ok(Json(List::whole(items)))
}
