//! `POST /connect/calendar`: makes a calendar the target and ends the connection's way.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use calsync_engine::connect::choose_calendar;
use http::HeaderMap;

use super::get::page;
use crate::pages::cookies::{Choice, Cookie};
use crate::pages::{connected, with_cookie};
use crate::problem::Problem;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let choice = Choice::of(&web, &headers)?;
    let target = form_urlencoded::parse(&body).find(|(name, _)| name == "target_calendar");
    let Some((_, calendar_id)) = target else {
        return page(&web, &choice, Some("Choose one of these calendars.")).await;
    };
    if !choose_calendar(&web.engine, &choice.integration_id, &calendar_id).await? {
        return page(&web, &choice, Some("That calendar can’t be used. Choose one of these.")).await;
    }
    with_cookie(connected(choice.return_url.as_deref()), &Cookie::Choice.clear(&web))
}
