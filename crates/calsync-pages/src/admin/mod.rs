//! The console: pages for admins, rendered on the server, which work without script.
//!
//! One shell holds the search, the navigation and the sign-out. Titles of items are masked, and
//! mail addresses for whoever only looks; a token is never here at all.

pub(crate) mod audit;
pub(crate) mod disconnects;
mod display;
pub(crate) mod errors;
pub(crate) mod password;
pub(crate) mod problem;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod start;
pub(crate) mod users;

use askama::Template;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::assets::{CONSOLE_CSS, CONSOLE_JS, ICON};

/// As for every page, with our own script.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                              img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What is written as `%…` in a part of a path: all but what ids are mostly made of.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// What an action without a good note is told.
const NOTE_REQUIRED: &str = "Give a reason of 3 to 500 characters; it is stored in the audit log.";

/// What every page of the console shows.
pub(crate) struct Shell<'a> {
    platform_name: &'a str,
    stylesheet: &'static str,
    script: &'static str,
    icon: &'static str,
    section: &'static str,
    search: String,
    admin: Option<&'a SignedInAdmin>,
}

impl<'a> Shell<'a> {
    /// The shell of a page in `section`, for `who`.
    pub(crate) fn new(app: &'a AppState, admin: &'a SignedInAdmin, section: &'static str) -> Self {
        Self { admin: Some(admin), section, ..Self::outside(app) }
    }

    /// The shell of a page before the sign-in.
    pub(crate) fn outside(app: &'a AppState) -> Self {
        Self {
            platform_name: &app.engine.settings().platform_name,
            stylesheet: &CONSOLE_CSS.path,
            script: &CONSOLE_JS.path,
            icon: &ICON.path,
            section: "",
            search: String::new(),
            admin: None,
        }
    }

    fn current(&self, section: &str) -> &'static str {
        if self.section == section { " aria-current=\"page\"" } else { "" }
    }
}

/// The page, as an answer.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    let mut response = crate::shell::render(status, page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    response
}

/// A part of an address's path.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The address of a user's page.
fn user_href(user_id: &str) -> String {
    format!("/admin/users/{}", segment(user_id))
}

/// `path` with the parameters that are there.
fn with_query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
