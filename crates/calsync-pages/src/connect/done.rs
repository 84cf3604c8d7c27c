//! `GET /connect/done`: it worked, and how far the first sync is. A page of its own, so that loading
//! it again does nothing.

mod messages;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_http::app_state::AppState;
use calsync_http::problem::{Kind, Problem};
use calsync_http::return_url;
use calsync_store::integrations::{Counts, counts};
use http::StatusCode;

use super::settings::status::Status;
use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;

#[derive(Template)]
#[template(path = "done.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    /// Set where something is in the way.
    trouble: Option<Status>,
    counts: Counts,
    written: i64,
    all: i64,
    is_under_way: bool,
    back: Option<String>,
}

pub(crate) async fn handler(State(app): State<AppState>, visit: UserVisit) -> Result<Response, Problem> {
    let messages = visit.messages;
    let over = || Problem::new(Kind::LinkExpired).in_language(messages.0);
    let connection = visit.connection(&app).await?.ok_or_else(over)?;
    let is_unchosen =
        connection.calendar_choice == CalendarChoice::Existing && connection.target_calendar_id.is_none();
    if connection.state == IntegrationState::Connecting && is_unchosen {
        return Ok(Redirect::to("/connect/calendar").into_response());
    }
    let mut tx = app.engine.store().read().await?;
    let counts = counts(&mut tx, &connection.id).await?;
    let status = Status::of(&app.engine, &mut tx, &visit.user, messages).await?;
    drop(tx);
    let goes_on = matches!(connection.state, IntegrationState::Active | IntegrationState::Connecting);
    let is_under_way = goes_on && (connection.state == IntegrationState::Connecting || counts.waiting > 0);
    let page = Page {
        shell: Shell::new(&app, messages),
        messages,
        trouble: status.filter(|_| !goes_on),
        written: counts.synced + counts.parked + counts.held,
        all: counts.synced + counts.waiting + counts.parked + counts.held,
        counts,
        is_under_way,
        back: visit.return_url.map(|url| return_url::with_outcome(&url, "connected", None)),
    };
    Ok(render_for_user(&app, StatusCode::OK, &page))
}
