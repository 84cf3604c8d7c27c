//! `POST /connect/switch`: the user wants another Google account. The old connection ends as every
//! connection does; then its page leads on to the new account.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;

use super::disconnect::post::{end, remote_items};
use crate::pages::field;
use crate::pages::visit::Visitor;
use crate::problem::{Problem, clean};
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&web, &headers).await?;
    let attempt_id = field(&body, "attempt").map(|id| clean(&id)).unwrap_or_default();
    end(&web, &visitor, remote_items(&body)?).await?;
    let query: String = form_urlencoded::byte_serialize(attempt_id.as_bytes()).collect();
    Ok(Redirect::to(&format!("/connect/disconnect?then={query}")).into_response())
}
