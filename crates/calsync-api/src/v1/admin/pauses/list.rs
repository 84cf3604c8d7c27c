//! `GET /api/v1/admin/pauses`: the pauses that stand, an admin's and those that follow from what Google answers.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::NoQuery;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::pause::PauseView;
use calsync_store::pauses;

pub(crate) async fn handler(
    State(app): State<AppState>,
    _: NoQuery,
) -> Result<Json<List<PauseView>>, Problem> {
    let mut tx = app.engine.store().read().await?;
    let pauses = pauses::standing(&mut tx, app.engine.now()).await?;
    Ok(Json(List::whole(pauses).map(PauseView::from)))
}
