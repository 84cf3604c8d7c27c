//! `POST /connect/again`: sets out for Google once more, from one of the user's own pages. `attempt`
//! names a try that is repeated, `account` the Google account to offer first.

use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::ConnectOutcome;
use calsync_engine::consent::{self, RestartRequest};
use calsync_engine::target_calendar::TargetChoice;
use calsync_http::app_state::AppState;
use calsync_http::input::Form;
use calsync_http::problem::{Problem, sanitize};
use calsync_store::consent::attempt;
use serde::Deserialize;

use super::post::choice;
use super::start_consent;
use crate::user_visit::UserVisit;

#[derive(Deserialize)]
pub(crate) struct AgainForm {
    calendar: Option<String>,
    attempt: Option<String>,
    account: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    Form(form): Form<AgainForm>,
) -> Result<Response, Problem> {
    let choice = choice(form.calendar.as_deref())?;
    let account = form.account.map(|account| sanitize(&account));
    let repeated = match form.attempt {
        Some(id) => {
            let mut tx = app.engine.store().read().await?;
            attempt(&mut tx, &sanitize(&id), &visit.user.user_id).await?
        }
        None => None,
    };
    let repeated = repeated.filter(|one| one.calendar_choice == choice.name());
    let target = repeated.as_ref().and_then(|one| one.target_calendar.as_deref()).map(TargetChoice::parse);
    let is_partial = |outcome: &Option<String>| outcome.as_deref() == Some(ConnectOutcome::Partial.name());
    let lacked = repeated
        .filter(|one| is_partial(&one.outcome))
        .map(|one| one.missing_scopes.split_whitespace().map(str::to_owned).collect());
    let again = RestartRequest {
        user_id: &visit.user.user_id,
        return_url: visit.return_url.as_deref(),
        choice,
        target: target.as_ref(),
        account_email: account.as_deref().filter(|account| !account.is_empty()),
        missing: lacked.unwrap_or_default(),
    };
    start_consent(&app, consent::restart(&app.engine, again).await?, visit.messages, "/connect/disconnect")
}
