//! What every page for users shows, and how a page becomes an answer.

use askama::Template;
use axum::response::{IntoResponse, Response};
use calsync_http::app_state::AppState;
use calsync_http::problem::{Kind, Problem};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderValue, StatusCode};

use crate::assets::{ICON, LIVE_JS, PAGES_CSS};
use crate::messages::Messages;

/// What every page for users shows.
pub(crate) struct Shell<'a> {
    pub(crate) platform_name: &'a str,
    pub(crate) messages: Messages,
    pub(crate) stylesheet: &'static str,
    pub(crate) script: &'static str,
    pub(crate) icon: &'static str,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(app: &'a AppState, messages: Messages) -> Self {
        Self {
            platform_name: &app.engine.settings().platform_name,
            messages,
            stylesheet: &PAGES_CSS.path,
            script: &LIVE_JS.path,
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
    /// Where the way out leads, with its words.
    pub(crate) link: Option<(&'static str, String)>,
    pub(crate) trace_id: Option<&'a str>,
}

/// The page, as an answer.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page with forms for a user, as an answer. It may run our own script. Its forms may lead on to
/// Google and to the platform: browsers apply `form-action` to every redirect that follows, and
/// where those end is not ours to know.
pub(crate) fn render_for_user(app: &AppState, status: StatusCode, page: &impl Template) -> Response {
    let policy = if app.is_https() {
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'"
    } else {
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'self' https: http:; frame-ancestors 'none'; base-uri 'none'"
    };
    let mut response = render(status, page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// Sets a cookie of ours on the answer.
pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|_| Problem::new(Kind::Internal))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}
