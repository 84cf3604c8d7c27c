//! `POST /connect/switch`: the user wants another Google account. The old connection ends as every
//! connection does; then its page leads on to the new account.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_http::app_state::AppState;
use calsync_http::input::{self, Form};
use calsync_http::problem::{Problem, sanitize};
use serde::Deserialize;

use super::disconnect::post::end;
use crate::user_visit::UserVisit;

#[derive(Deserialize)]
pub(crate) struct SwitchForm {
    attempt: Option<String>,
    remote_items: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    Form(form): Form<SwitchForm>,
) -> Result<Response, Problem> {
    let attempt_id = form.attempt.map(|id| sanitize(&id)).unwrap_or_default();
    end(&app, &visit, input::remote_items(form.remote_items.as_deref())?).await?;
    let query: String = form_urlencoded::byte_serialize(attempt_id.as_bytes()).collect();
    Ok(Redirect::to(&format!("/connect/disconnect?then={query}")).into_response())
}
