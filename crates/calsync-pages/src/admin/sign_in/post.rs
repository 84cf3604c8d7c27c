//! `POST /admin/sign-in`: a new sign-in each time. What is told is the same whether there is such
//! an admin or not.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};

use crate::shell::with_cookie;
use calsync_http::app_state::AppState;
use calsync_http::client::Client;
use calsync_http::problem::Problem;
use calsync_http::sign_in::{SignInResult, attempt};

const WRONG: &str = "Wrong email address or password.";
const TOO_OFTEN: &str = "Too many attempts. Wait 15 minutes, then try again.";

pub(crate) async fn handler(
    State(web): State<AppState>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (mut email, mut password, mut next) = (String::new(), String::new(), String::new());
    for (name, value) in form_urlencoded::parse(&body) {
        match &*name {
            "email" => email = value.into_owned(),
            "password" => password = value.into_owned(),
            "next" => next = value.into_owned(),
            _ => {}
        }
    }
    let next = super::safe_next(&next);
    match attempt(&web, &headers, client.map(|Extension(client)| client), &email, password.into()).await? {
        SignInResult::SignedIn { admin, cookies: [sign_in, known], .. } => {
            let next = if admin.must_change_password { "/admin/password" } else { next };
            with_cookie(with_cookie(Redirect::to(next).into_response(), &sign_in)?, &known)
        }
        SignInResult::Wrong => {
            Ok(super::page(&web, StatusCode::UNPROCESSABLE_ENTITY, &email, next, Some(WRONG)))
        }
        SignInResult::TooOften => {
            Ok(super::page(&web, StatusCode::TOO_MANY_REQUESTS, &email, next, Some(TOO_OFTEN)))
        }
    }
}
