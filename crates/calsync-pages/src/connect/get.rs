//! `GET /connect/{token}`: what will be read and written, and the form that begins; whoever is
//! connected comes to their settings from here, and whose connection is being ended waits for that.
//! Looking doesn't use the link up: mail scanners look.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::CalendarChoice;
use calsync_core::policy::DeadlineAs;
use calsync_http::app_state::AppState;
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};
use calsync_http::retrying_tx;
use calsync_store::consent::{self, Link};
use calsync_store::{integrations, users};
use http::{HeaderMap, StatusCode};

use super::settings::status::Status;
use super::waiting;
use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};
use crate::user_visit;

#[derive(Template)]
#[template(path = "connect.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: String,
    is_day_before: bool,
}

#[derive(Template)]
#[template(path = "connected.html")]
struct ConnectedPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: String,
    status: Status,
    /// Which calendar is in use, to be kept when the user connects again.
    calendar: &'static str,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(token): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (link, messages) = good_link(&app, &token, &headers).await?;
    let now = app.engine.now();
    retrying_tx!(app.engine, |tx| consent::opened(tx, &token, now).await?)?;
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, &link.user_id).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::LinkExpired).in_language(messages.0))?;
    let status = Status::of(&app.engine, &mut tx, &user, messages).await?;
    let theirs = integrations::of_user(&mut tx, &link.user_id).await?;
    drop(tx);
    let shell = Shell::new(&app, messages);
    let whose = user_visit::name(&user).to_owned();
    if status.as_ref().is_some_and(Status::is_ending) {
        return Ok(waiting::page(&app, messages));
    }
    if let Some(status) = status.filter(|status| !status.is_over()) {
        let uses_theirs = theirs.iter().any(|one| one.calendar_choice == CalendarChoice::Existing);
        let calendar = if uses_theirs { "existing" } else { "new" };
        let page = ConnectedPage { shell, messages, whose, status, calendar };
        return Ok(render_for_user(&app, StatusCode::OK, &page));
    }
    if !app.engine.settings().google_is_configured {
        return Err(Problem::new(Kind::NotConfigured).in_language(messages.0));
    }
    let is_day_before = app.engine.settings().policy.deadline_as == DeadlineAs::DayBeforeEvent;
    Ok(render_for_user(&app, StatusCode::OK, &Page { shell, messages, whose, is_day_before }))
}

/// The link, if it is still good, and the words of its user.
async fn good_link(app: &AppState, token: &str, headers: &HeaderMap) -> Result<(Link, Messages), Problem> {
    let mut tx = app.engine.store().read().await?;
    let over = Problem::new(Kind::LinkExpired);
    let Some(link) = consent::find_link(&mut tx, token).await? else { return Err(over) };
    let locale = users::get(&mut tx, &link.user_id).await?.and_then(|user| user.locale);
    let messages = Messages::of_user(locale.as_deref(), headers);
    if link.used || link.expires_at <= app.engine.now() {
        return Err(over.in_language(messages.0));
    }
    Ok((link, messages))
}
