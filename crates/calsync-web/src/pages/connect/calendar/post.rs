//! `POST /connect/calendar`: makes a calendar the target and ends the connection's way.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::connect::choose_calendar;
use http::HeaderMap;

use super::get::page;
use crate::pages::field;
use crate::pages::visit::Visitor;
use crate::problem::Problem;
use crate::return_url;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&web, &headers).await?;
    let Some(calendar_id) = field(&body, "target_calendar") else {
        return page(&web, &visitor, Some(visitor.words.choose_one_of_these())).await;
    };
    let Some(connection) = visitor.connection(&web).await? else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    if !choose_calendar(&web.engine, &connection.id, &calendar_id).await? {
        return page(&web, &visitor, Some(visitor.words.not_that_one())).await;
    }
    let next = visitor.return_url.as_deref().map(|url| return_url::with_outcome(url, "connected", None));
    Ok(Redirect::to(next.as_deref().unwrap_or("/connect/done")).into_response())
}
