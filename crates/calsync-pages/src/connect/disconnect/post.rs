//! `POST /connect/disconnect`: starts it; one that runs already goes on as it was asked for.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::GOOGLE;
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy};
use http::HeaderMap;

use crate::shell::field;
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::problem::Problem;

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    end(&web, &visit, remote_items(&body)?).await?;
    Ok(Redirect::to("/connect/disconnect").into_response())
}

/// Ends the visitor's connection, if one stands.
pub(in crate::connect) async fn end(
    web: &AppState,
    visit: &UserVisit,
    remote_items: RemoteItems,
) -> Result<(), Problem> {
    let request = Request {
        user_id: visit.user.user_id.clone(),
        provider: GOOGLE.to_owned(),
        remote_items,
        note: None,
        requested_by: RequestedBy::User,
    };
    disconnect::start(&web.engine, &request).await?;
    Ok(())
}

/// What becomes of the entries: they are removed, unless the form says otherwise.
pub(in crate::connect) fn remote_items(body: &[u8]) -> Result<RemoteItems, Problem> {
    field(body, "remote_items")
        .map_or(Some(RemoteItems::Remove), |value| RemoteItems::from_name(&value))
        .ok_or_else(|| Problem::field("remote_items", "must be remove or keep"))
}
