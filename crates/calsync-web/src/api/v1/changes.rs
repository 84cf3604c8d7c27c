//! `GET /api/v1/changes?after=`: what users changed in Google and how their connections fare, of the
//! last 30 days, oldest first. Whoever goes on from the last cursor they read misses nothing.

use axum::Json;
use axum::extract::State;
use calsync_engine::feed::{self, ChangePayload};

use crate::app_state::AppState;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;

pub(crate) async fn handler(
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<List<ChangePayload>>, Problem> {
    let limit = query.limit();
    let places = ["after", "cursor"]
        .map(|name| query.take_as(name, "is not a cursor of the changes", feed::cursor_position));
    query.end()?;
    let after = places.into_iter().flatten().max().unwrap_or_default();
    // One more than asked tells whether the list goes on.
    let mut items = feed::after(&web.engine, after, limit + 1).await?;
    let goes_on = items.len() as i64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or_default());
    let next_cursor = items.last().filter(|_| goes_on).and_then(|last| last.cursor.clone());
    Ok(Json(List { items, next_cursor }))
}
