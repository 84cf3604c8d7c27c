//! `POST /connect/settings/sync-now`: what waits or was stopped is tried at once. What Google slows
//! down keeps waiting.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_http::app_state::AppState;
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_store::mappings;

use crate::user_visit::UserVisit;

pub(crate) async fn handler(State(app): State<AppState>, visit: UserVisit) -> Result<Response, Problem> {
    let (user_id, now) = (&visit.user.user_id, app.engine.now());
    retrying_tx!(app.engine, |tx| mappings::retry_now(tx, user_id, now).await?)?;
    app.engine.hint();
    Ok(Redirect::to("/connect/settings?done=sync-now").into_response())
}
