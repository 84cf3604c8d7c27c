//! `GET /api/v1/refusals?since=`: refused upserts of the last 30 days, oldest first.

use axum::Json;
use axum::extract::State;
use calsync_store::refusals;
use jiff::SignedDuration;

use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::refusal::RefusalView;

/// How long refusals are shown.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const LIST: &str = "refusals";

pub(crate) async fn handler(
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<List<RefusalView>>, Problem> {
    let oldest = web.engine.now().saturating_sub(KEPT).unwrap_or_default();
    let since = query.time("since").map_or(oldest, |since| since.max(oldest));
    let limit = query.limit();
    let after: Option<String> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(LIST, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    // One more than asked tells whether the list goes on.
    let mut found = refusals::since(&mut tx, since, after.as_deref(), limit + 1).await?;
    let goes_on = found.len() as i64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let last = found.last().filter(|_| goes_on);
    let next_cursor = last.and_then(|refusal| cursor::write(LIST, &refusal.id));
    Ok(Json(List { items: found.into_iter().map(RefusalView::from).collect(), next_cursor }))
}
