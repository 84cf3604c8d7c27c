//! `POST /connect/{token}`: uses the link up. It sends the user to Google's consent, or, if they are
//! connected and want so, opens their settings in this browser.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_engine::consent;
use calsync_http::app_state::AppState;
use calsync_http::input::{Form, PathParams};
use calsync_http::problem::{Kind, Problem};
use http::HeaderMap;
use serde::Deserialize;

use super::start_consent;
use crate::messages::Messages;
use crate::shell::with_cookie;
use crate::user_visit;

#[derive(Deserialize)]
pub(crate) struct StartForm {
    /// `settings`, where these are wanted.
    open: Option<String>,
    calendar: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(token): PathParams<String>,
    headers: HeaderMap,
    Form(form): Form<StartForm>,
) -> Result<Response, Problem> {
    let messages = Messages::of_browser(&headers);
    if form.open.as_deref() == Some("settings") {
        let link = consent::use_link(&app.engine, &token).await?;
        let link = link.ok_or_else(|| Problem::new(Kind::LinkExpired).in_language(messages.0))?;
        let cookie = user_visit::begin(&app, &link.user_id, link.return_url.as_deref())?;
        return with_cookie(Redirect::to("/connect/settings").into_response(), &cookie);
    }
    let choice = choice(form.calendar.as_deref())?;
    let begun = consent::begin(&app.engine, &token, choice).await?;
    start_consent(&app, begun, messages, &format!("/connect/{token}"))
}

/// Which calendar: a new one, unless the form says otherwise.
pub(super) fn choice(calendar: Option<&str>) -> Result<CalendarChoice, Problem> {
    calendar
        .map_or(Some(CalendarChoice::New), CalendarChoice::from_name)
        .ok_or_else(|| Problem::field("calendar", "must be new or existing"))
}
