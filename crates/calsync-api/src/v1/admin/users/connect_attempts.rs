//! `GET /api/v1/admin/users/{user_id}/connect-attempts`: each try to connect and how it ended.

use axum::Json;
use axum::extract::State;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::List;
use calsync_http::views::admin_user::shown_email;
use calsync_http::views::connect_attempt::ConnectAttemptView;
use calsync_store::{consent, users};

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Json<List<ConnectAttemptView>>, Problem> {
    let mut tx = app.engine.store().read().await?;
    if users::get(&mut tx, &user_id).await?.is_none() {
        return Err(Problem::new(Kind::NotFound));
    }
    let tries = consent::attempts(&mut tx, &user_id, filters::CONNECT_ATTEMPTS_MAX).await?;
    let shown = |attempt| {
        let mut view = ConnectAttemptView::from(attempt);
        view.account_email = view.account_email.map(|email| shown_email(&email, admin.role));
        view
    };
    Ok(Json(List::whole(tries.into_iter().map(shown).collect())))
}
