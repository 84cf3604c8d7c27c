//! `GET /oauth/google/callback`: Google sends the user back here. Only the browser that began can
//! finish, once; every way out leads to a page of its own, so that loading again does nothing.
//!
//! Where the platform has a page for it, that page is told how it ended; only which of two Google
//! accounts to use is asked here first, and who has to wait for the end of an old connection waits here.
//! An answer that names another issuer (RFC 9207) than whom the user was sent to uses nothing up; one that
//! names none is taken, since there is but one.

mod messages;

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::ConnectOutcome;
use calsync_core::reason::Reason;
use calsync_engine::connect::{Callback, CallbackResult, finish};
use calsync_engine::{EngineError, clean_up};
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::problem::Problem;
use calsync_http::return_url;
use http::{HeaderMap, StatusCode};

use crate::connect::calendar;
use crate::messages::Messages;
use crate::shell::{Message, Shell, render, with_cookie};
use crate::user_visit;

pub(crate) async fn handler(
    State(app): State<AppState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Some(callback), Some(browser)) = (parse(&app, &uri), Cookie::Browser.get(&app, &headers)) else {
        return Ok(unknown(&app, &headers));
    };
    let finished = app.engine.run_to_end(|engine| async move {
        match clean_up::finish(&engine, &callback, &browser).await? {
            true => Ok::<_, EngineError>(None),
            false => finish(&engine, callback, &browser).await.map(Some),
        }
    });
    let Some(finished) = finished.await? else { return Ok(Redirect::to("/clean-up").into_response()) };
    let (user_id, return_url, next) = match finished {
        CallbackResult::Connected { user_id, needs_calendar: true, target, return_url, .. } => {
            (user_id, return_url, calendar::get::address(target.as_ref()))
        }
        CallbackResult::Connected { user_id, target: Some(_), return_url, .. } => {
            (user_id, return_url, "/connect/settings?done=calendar".to_owned())
        }
        CallbackResult::Connected { user_id, return_url, .. } => {
            let next = there(return_url.as_deref(), None);
            (user_id, return_url, next.unwrap_or_else(|| "/connect/done".to_owned()))
        }
        CallbackResult::Failed { attempt_id, user_id, reason, return_url } => {
            let is_asked_here = matches!(reason, Reason::OtherAccount | Reason::WaitingTurn);
            let next = there(return_url.as_deref().filter(|_| !is_asked_here), Some(reason));
            (user_id, return_url, next.unwrap_or_else(|| format!("/connect/attempts/{attempt_id}")))
        }
        CallbackResult::UnknownState => return Ok(unknown(&app, &headers)),
    };
    // Who set out from a page of their visit goes on with it.
    let return_url = return_url.or_else(|| user_visit::return_url(&app, &headers, &user_id));
    let response = Redirect::to(&next).into_response();
    let response = with_cookie(response, &user_visit::begin(&app, &user_id, return_url.as_deref())?)?;
    with_cookie(response, &Cookie::Browser.clear(&app))
}

/// The platform's page, told how it ended.
fn there(return_url: Option<&str>, reason: Option<Reason>) -> Option<String> {
    let outcome = ConnectOutcome::of(reason).name();
    return_url.map(|url| return_url::with_outcome(url, outcome, reason.map(Reason::name)))
}

/// What Google says; it may say more than we know, so other parameters are passed over.
fn parse(app: &AppState, uri: &Uri) -> Option<Callback> {
    let query = uri.query().unwrap_or_default();
    let take = |name| {
        let value = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        value.map(|(_, value)| value.into_owned())
    };
    if take("iss").is_some_and(|issuer| !app.engine.google().client().is_issuer(&issuer)) {
        return None;
    }
    let code = take("code").map(Into::into);
    Some(Callback { state: take("state")?.into(), code, error: take("error") })
}

fn unknown(app: &AppState, headers: &HeaderMap) -> Response {
    let messages = Messages::of_browser(headers);
    let message = Message {
        shell: Shell::new(app, messages),
        title: &messages.cant_go_on_title(),
        sentence: &messages.cant_go_on(),
        way_out: &messages.start_from(&app.engine.settings().platform_name),
        // Of several tries at once one has worked: this browser can see it.
        link: Cookie::Visit.get(app, headers).map(|_| ("/connect/settings", messages.see_your_connection())),
        trace_id: None,
    };
    render(StatusCode::BAD_REQUEST, &message)
}
