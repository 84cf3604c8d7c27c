//! `GET /api/v1/admin/error-groups`: sync errors of the same kind, those seen last first.

use axum::Json;
use axum::extract::State;
use calsync_store::sync_errors;

use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::error_group::ErrorGroupView;

const LIST: &str = "error groups";

pub(crate) async fn handler(
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<List<ErrorGroupView>>, Problem> {
    let limit = query.limit();
    let before: Option<(i64, String)> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(LIST, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    // One more than asked tells whether the list goes on.
    let mut groups = sync_errors::groups(&mut tx, before, limit + 1).await?;
    let goes_on = groups.len() as i64 > limit;
    groups.truncate(usize::try_from(limit).unwrap_or_default());
    let last = groups.last().filter(|_| goes_on);
    let next_cursor = last.and_then(|group| cursor::write(LIST, (group.last_seen, &group.id)));
    Ok(Json(List { items: groups.into_iter().map(ErrorGroupView::from).collect(), next_cursor }))
}
