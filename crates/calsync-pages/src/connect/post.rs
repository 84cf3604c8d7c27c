//! `POST /connect/{token}`: uses the link up. It sends the user to Google's consent, or, if they are
//! connected and want so, opens their settings in this browser.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_engine::connect;
use http::HeaderMap;

use super::start_consent;
use crate::messages::Messages;
use crate::shell::{field, with_cookie};
use crate::user_visit;
use calsync_http::app_state::AppState;
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};

pub(crate) async fn handler(
    State(web): State<AppState>,
    PathParams(token): PathParams<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let messages = Messages::of_browser(&headers);
    if field(&body, "open").as_deref() == Some("settings") {
        let link = connect::use_link(&web.engine, &token).await?;
        let link = link.ok_or_else(|| Problem::new(Kind::LinkExpired).in_language(messages.0))?;
        let cookie = user_visit::begin(&web, &link.user_id, link.return_url.as_deref())?;
        return with_cookie(Redirect::to("/connect/settings").into_response(), &cookie);
    }
    let choice = choice(&body)?;
    let begun = connect::begin(&web.engine, &token, choice).await?;
    start_consent(&web, begun, messages, &format!("/connect/{token}"))
}

/// Which calendar: a new one, unless the form says otherwise.
pub(super) fn choice(body: &[u8]) -> Result<CalendarChoice, Problem> {
    field(body, "calendar")
        .map_or(Some(CalendarChoice::New), |value| CalendarChoice::from_name(&value))
        .ok_or_else(|| Problem::field("calendar", "must be new or existing"))
}
