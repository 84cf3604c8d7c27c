//! `GET /api/v1/admin/error-groups`: sync errors of the same kind, those seen last first.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::error_group::ErrorGroupView;
use calsync_store::sync_errors;

const LIST: &str = "error groups";

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<ErrorGroupView>>, Problem> {
    let limit = query.limit();
    let before: Option<(i64, String)> = query.cursor(LIST);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let groups = sync_errors::groups(&mut tx, before, limit + 1).await?;
    let page = List::cut(groups, limit, |group| cursor::write(LIST, (group.last_seen, &group.id)));
    Ok(Json(page.map(ErrorGroupView::from)))
}
