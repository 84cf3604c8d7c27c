//! `GET /oauth/google/callback`: Google sends the user back here. Only the browser that began can
//! finish, once; every way out leads to a page of its own, so that loading again does nothing.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::clean_up;
use calsync_engine::connect::{Callback, Finished, finish};
use http::{HeaderMap, StatusCode};

use crate::pages::cookies::{Choice, Cookie};
use crate::pages::{Message, Shell, connected, failed, render, with_cookie};
use crate::problem::Problem;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Some(callback), Some(browser)) = (parse(&uri), Cookie::Browser.get(&web, &headers)) else {
        return Ok(unknown(&web));
    };
    if clean_up::finish(&web.engine, &callback, &browser).await? {
        return Ok(Redirect::to("/clean-up").into_response());
    }
    let response = match finish(&web.engine, callback, &browser).await? {
        Finished::Connected { integration_id, needs_calendar: true, return_url, .. } => {
            let cookie = Choice::give(&web, integration_id, return_url)?;
            with_cookie(Redirect::to("/connect/calendar").into_response(), &cookie)?
        }
        Finished::Connected { return_url, .. } => connected(return_url.as_deref()),
        Finished::Failed { reason, return_url } => failed(&web, reason, return_url.as_deref()),
        Finished::UnknownState => return Ok(unknown(&web)),
    };
    with_cookie(response, &Cookie::Browser.clear(&web))
}

/// What Google says; it may say more than we know, so other parameters are passed over.
fn parse(uri: &Uri) -> Option<Callback> {
    let query = uri.query().unwrap_or_default();
    let take = |name| {
        let value = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        value.map(|(_, value)| value.into_owned())
    };
    Some(Callback { state: take("state")?, code: take("code"), error: take("error") })
}

fn unknown(web: &Web) -> Response {
    let platform = &web.engine.settings().platform_name;
    let way_out = format!("Go back to {platform} and start again from there.");
    let message = Message {
        shell: Shell::new(web),
        title: "This page can’t go on",
        sentence: "It was opened already, too late, or in another browser than the one that began.",
        way_out: &way_out,
        trace_id: None,
    };
    render(StatusCode::BAD_REQUEST, &message)
}
