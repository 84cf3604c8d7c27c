//! `POST /connect/{token}`: uses the link up and sends the user to Google's consent. A cookie binds
//! what follows to this browser.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_engine::connect::{self, Begun};
use secrecy::ExposeSecret;

use crate::input::InPath;
use crate::pages::cookies::Cookie;
use crate::pages::with_cookie;
use crate::problem::{Kind, Problem};
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(token): InPath<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let choice = parse(&body)?;
    match connect::begin(&web.engine, &token, choice).await? {
        Begun::Redirect { authorization_url, browser } => {
            let cookie = Cookie::Browser.set(&web, browser.expose_secret());
            with_cookie(Redirect::to(&authorization_url).into_response(), &cookie)
        }
        Begun::LinkExpired => Err(Problem::new(Kind::LinkExpired)),
        Begun::NotConfigured => Err(Problem::new(Kind::NotConfigured)),
    }
}

/// Which calendar: a new one, unless the form says otherwise.
fn parse(body: &[u8]) -> Result<CalendarChoice, Problem> {
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "calendar");
    field
        .map_or(Some(CalendarChoice::New), |(_, value)| CalendarChoice::from_name(&value))
        .ok_or_else(|| Problem::field("calendar", "must be new or existing"))
}
