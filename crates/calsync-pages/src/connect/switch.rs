//! `POST /connect/switch`: the user wants another Google account. The old connection ends as every
//! connection does; then its page leads on to the new account.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;

use super::disconnect::post::{end, remote_items};
use crate::shell::field;
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::problem::{Problem, sanitize};

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let attempt_id = field(&body, "attempt").map(|id| sanitize(&id)).unwrap_or_default();
    end(&web, &visit, remote_items(&body)?).await?;
    let query: String = form_urlencoded::byte_serialize(attempt_id.as_bytes()).collect();
    Ok(Redirect::to(&format!("/connect/disconnect?then={query}")).into_response())
}
