//! `GET /api/v1/refusals?since=`: refused upserts of the last 30 days, oldest first.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::refusal::RefusalView;
use calsync_store::refusals;
use jiff::SignedDuration;

/// How long refusals are shown.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const LIST: &str = "refusals";

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<RefusalView>>, Problem> {
    let oldest = app.engine.now().saturating_sub(KEPT).unwrap_or_default();
    let since = query.time("since").map_or(oldest, |since| since.max(oldest));
    let limit = query.limit();
    let after: Option<String> = query.cursor(LIST);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let found = refusals::since(&mut tx, since, after.as_deref(), limit + 1).await?;
    let page = List::cut(found, limit, |refusal| cursor::write(LIST, &refusal.id));
    Ok(Json(page.map(RefusalView::from)))
}
