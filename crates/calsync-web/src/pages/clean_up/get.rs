//! `GET /clean-up/{token}`: what will be removed, and the form that begins. Looking doesn't use the
//! link up.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_store::{clean_ups, disconnects};
use http::StatusCode;

use crate::input::InPath;
use crate::pages::{Shell, leads_elsewhere, render};
use crate::problem::{Kind, Problem};
use crate::web::Web;

#[derive(Template)]
#[template(path = "clean_up.html")]
struct Page<'a> {
    shell: Shell<'a>,
    account: Option<String>,
}

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(token): InPath<String>,
) -> Result<Response, Problem> {
    let mut tx = web.engine.store().read().await?;
    let clean_up = clean_ups::of_link(&mut tx, &token).await?;
    let is_good = |one: &clean_ups::CleanUp| !one.is_begun && one.expires_at > web.engine.now();
    let clean_up = clean_up.filter(is_good).ok_or_else(|| Problem::new(Kind::LinkExpired))?;
    let saga = disconnects::get(&mut tx, &clean_up.disconnect_id).await?;
    drop(tx);
    let account = saga.and_then(|saga| saga.before.account_email).filter(|email| !email.is_empty());
    Ok(leads_elsewhere(&web, render(StatusCode::OK, &Page { shell: Shell::new(&web), account })))
}
