//! `POST /clean-up/{token}`: uses the link up and sends the user to Google's consent.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::consent::clean_up::{self, CleanUpStart};
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};
use secrecy::ExposeSecret;

use crate::shell::with_cookie;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(token): PathParams<String>,
) -> Result<Response, Problem> {
    match clean_up::begin(&app.engine, &token).await? {
        CleanUpStart::Redirect { authorization_url, browser } => {
            let cookie = Cookie::Browser.set(&app, browser.expose_secret());
            with_cookie(Redirect::to(&authorization_url).into_response(), &cookie)
        }
        CleanUpStart::LinkExpired => Err(Problem::new(Kind::LinkExpired)),
        CleanUpStart::NothingLeft => Err(Problem::new(Kind::NothingToCleanUp)),
        CleanUpStart::NotConfigured => Err(Problem::new(Kind::NotConfigured)),
    }
}
