//! The pages on which a user connects, in their plain form: rendered on the server, without script.
//!
//! Nobody signs in here. A connect link's token opens the first page; what follows is bound to the
//! browser that sent its form, by a cookie.

pub(crate) mod admin;
pub(crate) mod clean_up;
pub(crate) mod connect;
pub(crate) mod cookies;
pub(crate) mod oauth;
pub(crate) mod problem;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::reason::Reason;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderValue, StatusCode};

use crate::assets::{ICON, PAGES_CSS};
use crate::problem::{Kind, Problem};
use crate::return_url;
use crate::web::Web;

/// What every page shows.
pub(crate) struct Shell<'a> {
    platform_name: &'a str,
    stylesheet: &'static str,
    icon: &'static str,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(web: &'a Web) -> Self {
        Self {
            platform_name: &web.engine.settings().platform_name,
            stylesheet: &PAGES_CSS.path,
            icon: &ICON.path,
        }
    }
}

/// A page that tells one thing.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) title: &'a str,
    pub(crate) sentence: &'a str,
    pub(crate) way_out: &'a str,
    pub(crate) trace_id: Option<&'a str>,
}

/// The page, as an answer.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Lets a page's forms lead on to Google and to the platform: browsers apply `form-action` to every
/// redirect that follows, and where those end is not ours to know.
pub(crate) fn leads_elsewhere(web: &Web, mut response: Response) -> Response {
    let policy = if web.is_https() {
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https:; \
         frame-ancestors 'none'; base-uri 'none'"
    } else {
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https: http:; \
         frame-ancestors 'none'; base-uri 'none'"
    };
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// The end of a connection that worked: the platform's page, or ours.
fn connected(return_url: Option<&str>) -> Response {
    match return_url {
        Some(url) => Redirect::to(&return_url::with_outcome(url, "connected", None)).into_response(),
        None => Redirect::to("/connect/done").into_response(),
    }
}

/// The end of one that didn't.
fn failed(web: &Web, reason: Reason, return_url: Option<&str>) -> Response {
    let outcome = match reason {
        Reason::ConsentDenied => "denied",
        Reason::ConsentPartial => "partial",
        _ => "failed",
    };
    if let Some(url) = return_url {
        return Redirect::to(&return_url::with_outcome(url, outcome, Some(reason.name()))).into_response();
    }
    let platform = &web.engine.settings().platform_name;
    let way_out = format!("Nothing was connected. Go back to {platform} and start again from there.");
    let message = Message {
        shell: Shell::new(web),
        title: "Google Calendar is not connected",
        sentence: reason.to_user(calsync_core::language::Language::English),
        way_out: &way_out,
        trace_id: None,
    };
    render(StatusCode::OK, &message)
}

/// Sets a cookie of ours on the answer.
pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|_| Problem::new(Kind::Internal))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}
