//! `GET /api/v1/changes?after=`: what users changed in Google and how their connections fare, of the
//! last 30 days, oldest first. Whoever goes on from the last cursor they read misses nothing.

use axum::Json;
use axum::extract::State;
use calsync_engine::feed;
use calsync_store::users;

use crate::input::Query;
use crate::problem::Problem;
use crate::shapes::List;
use crate::shapes::change::ChangeShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    mut query: Query,
) -> Result<Json<List<ChangeShape>>, Problem> {
    let limit = query.limit();
    let places = ["after", "cursor"]
        .map(|name| query.take_as(name, "is not a cursor of the changes", ChangeShape::position));
    query.end()?;
    let after = places.into_iter().flatten().max().unwrap_or_default();
    // One more than asked tells whether the list goes on.
    let mut found = feed::after(&web.engine, after, limit + 1).await?;
    let goes_on = found.len() as i64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let mut tx = web.engine.store().read().await?;
    let mut items = Vec::with_capacity(found.len());
    for change in found {
        let locale = users::get(&mut tx, &change.user_id).await?.and_then(|user| user.locale);
        items.push(ChangeShape::new(change, locale.as_deref(), web.engine.settings()));
    }
    let next_cursor = items.last().filter(|_| goes_on).and_then(|last| last.cursor.clone());
    Ok(Json(List { items, next_cursor }))
}
