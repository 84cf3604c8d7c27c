//! `/connect/…`: how a user connects, sees and changes their connection, and ends it.
//!
//! `/connect/{token}` is a link; its form uses it up. Everything else is for a browser with a visit.

pub(crate) mod again;
pub(crate) mod attempts;
pub(crate) mod calendar;
pub(crate) mod disconnect;
pub(crate) mod done;
pub(crate) mod get;
mod messages;
pub(crate) mod post;
pub(crate) mod settings;
pub(crate) mod switch;
mod waiting;

use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::consent::ConsentStart;
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::problem::{Kind, Problem};
use secrecy::ExposeSecret;

use super::messages::Messages;
use crate::shell::with_cookie;

/// Sends the user on to Google, with a cookie that binds the way back to this browser, or, while their
/// old connection is being ended, to `waiting`.
fn start_consent(
    app: &AppState,
    begun: ConsentStart,
    messages: Messages,
    waiting: &str,
) -> Result<Response, Problem> {
    match begun {
        ConsentStart::Redirect { authorization_url, browser } => {
            let cookie = Cookie::Browser.set(app, browser.expose_secret());
            with_cookie(Redirect::to(&authorization_url).into_response(), &cookie)
        }
        ConsentStart::Disconnecting => Ok(Redirect::to(waiting).into_response()),
        ConsentStart::LinkExpired => Err(Problem::new(Kind::LinkExpired).in_language(messages.0)),
        ConsentStart::NotConfigured => Err(Problem::new(Kind::NotConfigured).in_language(messages.0)),
    }
}
