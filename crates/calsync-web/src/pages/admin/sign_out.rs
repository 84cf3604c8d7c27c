//! `POST /admin/sign-out`: ends the sign-in here, not only in the browser.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_store::sign_ins;

use crate::admin_auth::SignedInAdmin;
use crate::app_state::AppState;
use crate::pages::cookies::Cookie;
use crate::pages::with_cookie;
use crate::problem::Problem;

pub(crate) async fn handler(State(web): State<AppState>, who: SignedInAdmin) -> Result<Response, Problem> {
    let mut tx = web.engine.store().begin().await?;
    sign_ins::end(&mut tx, who.token(), web.engine.now()).await?;
    tx.commit().await?;
    with_cookie(Redirect::to("/admin/sign-in").into_response(), &Cookie::SignIn.clear(&web))
}
