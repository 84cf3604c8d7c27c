//! `POST /connect/calendar`: makes a calendar the target. The first choice ends the connection's way; by
//! a later one everything moves, after another consent if the wish needs one.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::consent::{self, RestartRequest};
use calsync_engine::target_calendar::{RetargetResult, TargetChoice, change};
use calsync_http::app_state::AppState;
use calsync_http::input::Form;
use calsync_http::problem::{Kind, Problem};
use calsync_http::return_url;
use calsync_store::integrations::Integration;
use serde::Deserialize;

use super::get::{is_change, page};
use crate::connect::start_consent;
use crate::user_visit::UserVisit;

#[derive(Deserialize)]
pub(crate) struct CalendarForm {
    target_calendar: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    Form(form): Form<CalendarForm>,
) -> Result<Response, Problem> {
    let Some(target) = form.target_calendar else {
        return page(&app, &visit, None, Some(visit.messages.choose_one_of_these())).await;
    };
    let Some(connection) = visit.connection(&app).await? else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    let wanted = TargetChoice::parse(&target);
    let changed = app.engine.run_to_end({
        let (id, wanted) = (connection.id.clone(), wanted.clone());
        |engine| async move { change(&engine, &id, &wanted).await }
    });
    match changed.await? {
        RetargetResult::Done | RetargetResult::AlreadySo => {
            Ok(Redirect::to(&next(&visit, &connection)).into_response())
        }
        RetargetResult::NotConnected => Ok(Redirect::to("/connect/settings").into_response()),
        RetargetResult::ScopeMissing(missing) => consent(&app, &visit, &connection, &wanted, missing).await,
        RetargetResult::Busy => Err(Problem::new(Kind::Unavailable).in_language(visit.messages.0)),
        // Where Google can't be asked at all, the page says so.
        RetargetResult::NotFound | RetargetResult::ReadOnly | RetargetResult::Failed(_) => {
            page(&app, &visit, None, Some(visit.messages.not_that_one())).await
        }
    }
}

/// Where the user goes on: after the first choice back to the platform.
fn next(visit: &UserVisit, before: &Integration) -> String {
    if is_change(before) {
        return "/connect/settings?done=calendar".into();
    }
    let back = visit.return_url.as_deref().map(|url| return_url::with_outcome(url, "connected", None));
    back.unwrap_or_else(|| "/connect/done".into())
}

/// Asks at Google for what the wish needs; it is fulfilled on the way back.
async fn consent(
    app: &AppState,
    visit: &UserVisit,
    connection: &Integration,
    wanted: &TargetChoice,
    missing: Vec<&'static str>,
) -> Result<Response, Problem> {
    let again = RestartRequest {
        user_id: &visit.user.user_id,
        return_url: None,
        choice: wanted.choice(),
        target: Some(wanted),
        account_email: connection.account_email.as_deref().filter(|email| !email.is_empty()),
        missing: missing.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
    };
    start_consent(app, consent::restart(&app.engine, again).await?, visit.messages, "/connect/disconnect")
}
