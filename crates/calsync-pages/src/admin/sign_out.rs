//! `POST /admin/sign-out`: ends the sign-in here, not only in the browser.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::problem::Problem;
use calsync_store::sign_ins;

use crate::shell::with_cookie;

pub(crate) async fn handler(State(app): State<AppState>, admin: SignedInAdmin) -> Result<Response, Problem> {
    let mut tx = app.engine.store().begin().await?;
    sign_ins::end(&mut tx, admin.token(), app.engine.now()).await?;
    tx.commit().await?;
    with_cookie(Redirect::to("/admin/sign-in").into_response(), &Cookie::SignIn.clear(&app))
}
