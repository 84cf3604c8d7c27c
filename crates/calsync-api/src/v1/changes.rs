//! `GET /api/v1/changes?after=`: what users changed in Google and how their connections fare, of the
//! last 30 days, oldest first. Whoever goes on from the last cursor they read misses nothing.

use axum::Json;
use axum::extract::State;
use calsync_engine::feed::{self, ChangePayload};
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<ChangePayload>>, Problem> {
    let limit = query.limit();
    let places = ["after", "cursor"]
        .map(|name| query.take_as(name, "is not a cursor of the changes", feed::cursor_position));
    query.end()?;
    let after = places.into_iter().flatten().max().unwrap_or_default();
    let changes = feed::after(&app.engine, after, limit + 1).await?;
    Ok(Json(List::cut(changes, limit, |change| change.cursor.clone())))
}
