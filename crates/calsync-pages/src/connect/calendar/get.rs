//! `GET /connect/calendar`: the calendars that may be written to. At the connection one is chosen
//! for the first time, with the primary one as default; later, the one in use is the default, or
//! `target_calendar`. Who hasn't let us see their calendars is sent to Google before they choose.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_engine::consent::{CalendarEntry, scopes, writable_calendars};
use calsync_engine::google::CallError;
use calsync_engine::target_calendar::TargetChoice;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::{Kind, Problem};
use calsync_store::integrations::Integration;
use http::StatusCode;

use crate::messages::Messages;
use crate::shell::{Message, Shell, render, render_for_user};
use crate::user_visit::UserVisit;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    account: Option<String>,
    calendars: Vec<Calendar>,
    /// Whether one is in use already, and everything moves.
    is_change: bool,
    /// Whether a calendar of its own is another choice.
    offers_own: bool,
    refusal: Option<String>,
}

/// Where the calendars may not be seen yet.
#[derive(Template)]
#[template(path = "calendar_consent.html")]
struct ConsentPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    account: Option<String>,
}

struct Calendar {
    id: String,
    name: String,
    is_chosen: bool,
}

/// The page's address, with a calendar that is offered first.
pub(crate) fn address(target: Option<&TargetChoice>) -> String {
    let Some(target) = target else { return "/connect/calendar".into() };
    let target: String = form_urlencoded::byte_serialize(target.as_str().as_bytes()).collect();
    format!("/connect/calendar?target_calendar={target}")
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    mut query: Query,
) -> Result<Response, Problem> {
    let target = query.take("target_calendar");
    query.end()?;
    page(&app, &visit, target.as_deref(), None).await
}

/// The page; `target` is offered first, and `refusal` says why the form is back.
pub(super) async fn page(
    app: &AppState,
    visit: &UserVisit,
    target: Option<&str>,
    refusal: Option<String>,
) -> Result<Response, Problem> {
    let messages = visit.messages;
    let connection = visit.connection(app).await?;
    let Some(connection) = connection.filter(|one| one.state.is_live()) else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    if !connection.scopes.contains(scopes::CALENDAR_LIST) {
        let account = connection.account_email.filter(|email| !email.is_empty());
        let page = ConsentPage { shell: Shell::new(app, messages), messages, account };
        return Ok(render_for_user(app, StatusCode::OK, &page));
    }
    let id = connection.id.clone();
    let found = app.engine.run_to_end(|engine| async move { writable_calendars(&engine, &id).await });
    let found = match found.await {
        Ok(Some(found)) => found,
        Ok(None) => return Err(Problem::new(Kind::Unavailable).in_language(messages.0)),
        Err(CallError::Engine(error)) => return Err(error.into()),
        Err(error) => {
            let message = Message {
                shell: Shell::new(app, messages),
                title: &messages.calendars_unknown(),
                sentence: error.reason().to_user(messages.0),
                way_out: &messages.load_again(),
                link: Some(("/connect/calendar", messages.try_again())),
                trace_id: None,
            };
            return Ok(render(StatusCode::BAD_GATEWAY, &message));
        }
    };
    let chosen = default(&found, &[target, connection.target_calendar_id.as_deref()]);
    let calendars = found.into_iter().enumerate().map(|(at, calendar)| Calendar {
        name: if calendar.summary.is_empty() { calendar.id.clone() } else { calendar.summary },
        id: calendar.id,
        is_chosen: at == chosen,
    });
    let is_change = is_change(&connection);
    let page = Page {
        shell: Shell::new(app, messages),
        messages,
        is_change,
        offers_own: is_change && !uses_own(&connection),
        account: connection.account_email.filter(|email| !email.is_empty()),
        calendars: calendars.collect(),
        refusal,
    };
    let status = if page.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(render_for_user(app, status, &page))
}

/// The place of the first of `wanted` that is there, else of the primary calendar.
fn default(found: &[CalendarEntry], wanted: &[Option<&str>]) -> usize {
    let place = |id: &str| found.iter().position(|calendar| calendar.id == id);
    let primary = || found.iter().position(|calendar| calendar.primary);
    wanted.iter().flatten().find_map(|id| place(id)).or_else(primary).unwrap_or_default()
}

/// Whether a calendar was chosen before.
pub(super) fn is_change(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New || connection.target_calendar_id.is_some()
}

/// Whether it has a calendar of its own, and that is there.
fn uses_own(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New && !connection.lost_its_calendar()
}
