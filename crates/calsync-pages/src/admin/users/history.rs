//! `GET /admin/users/{user_id}/history`: what admins did for a user.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::Problem;
use calsync_store::audit;
use http::StatusCode;

use super::Head;
use crate::admin::audit::{Row, rows};
use crate::admin::{Shell, render};

/// Deeds on the page.
const SHOWN: i64 = 200;

#[derive(Template)]
#[template(path = "console/history.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    rows: Vec<Row>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Response, Problem> {
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let head = Head::of(&mut tx, &user_id, &admin, "history").await?;
    let found = audit::list(&mut tx, Some(&user_id), None, SHOWN).await?;
    let rows = rows(&mut tx, found, now).await?;
    Ok(render(StatusCode::OK, &Page { shell: Shell::new(&app, &admin, "users"), head, rows }))
}
