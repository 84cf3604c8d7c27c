//! `GET /clean-up/{token}`: what will be removed, and the form that begins. Looking doesn't use the
//! link up.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_http::app_state::AppState;
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};
use calsync_store::{clean_ups, disconnects, users};
use http::{HeaderMap, StatusCode};

use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};

#[derive(Template)]
#[template(path = "clean_up.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    /// The Google account that was connected.
    account: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(token): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let over = || Problem::new(Kind::LinkExpired);
    let mut tx = app.engine.store().read().await?;
    let clean_up = clean_ups::of_link(&mut tx, &token).await?.ok_or_else(over)?;
    let locale = users::get(&mut tx, &clean_up.user_id).await?.and_then(|user| user.locale);
    let messages = Messages::of_user(locale.as_deref(), &headers);
    if clean_up.is_begun || clean_up.expires_at <= app.engine.now() {
        return Err(over().in_language(messages.0));
    }
    let saga = disconnects::get(&mut tx, &clean_up.disconnect_id).await?;
    drop(tx);
    let account = saga.and_then(|saga| saga.before.account_email).filter(|email| !email.is_empty());
    let page = Page { shell: Shell::new(&app, messages), messages, account };
    Ok(render_for_user(&app, StatusCode::OK, &page))
}
