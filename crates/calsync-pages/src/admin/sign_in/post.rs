//! `POST /admin/sign-in`: a new sign-in each time. What is told is the same whether there is such
//! an admin or not.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_http::app_state::AppState;
use calsync_http::client::Client;
use calsync_http::input::Form;
use calsync_http::problem::Problem;
use calsync_http::sign_in::{SignInResult, attempt};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;

use crate::shell::with_cookie;

const WRONG: &str = "Wrong email address or password.";
const TOO_OFTEN: &str = "Too many attempts. Wait 15 minutes, then try again.";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    email: String,
    password: SecretString,
    next: String,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    let SignInForm { email, password, next } = form;
    let next = super::safe_next(&next);
    match attempt(&app, &headers, client.map(|Extension(client)| client), &email, password).await? {
        SignInResult::SignedIn { admin, cookies: [sign_in, known], .. } => {
            let next = if admin.must_change_password { "/admin/password" } else { next };
            with_cookie(with_cookie(Redirect::to(next).into_response(), &sign_in)?, &known)
        }
        SignInResult::Wrong => {
            Ok(super::page(&app, StatusCode::UNPROCESSABLE_ENTITY, &email, next, Some(WRONG)))
        }
        SignInResult::TooOften => {
            Ok(super::page(&app, StatusCode::TOO_MANY_REQUESTS, &email, next, Some(TOO_OFTEN)))
        }
    }
}
