//! `GET /api/v1/items?user_id=&kind=&state=`: a user's items, in the order of kind and id.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_core::item::{ItemKey, ItemKind, check_id};
use calsync_core::sync_state::SyncState;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::item::ItemView;
use calsync_http::views::{Audience, List};
use calsync_store::items;

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<ItemView>>, Problem> {
    let user_id = query.take_as("user_id", "must be a user's id", |id| {
        check_id("user_id", id).is_ok().then(|| id.to_owned())
    });
    let kind = query.take_as("kind", "must be session, task or deadline", ItemKind::from_name);
    let state = query.take_as("state", "is not a state of an item", SyncState::from_name);
    let limit = query.limit();
    let user_id = user_id.unwrap_or_default();
    let filters = (&user_id, kind.map(ItemKind::name), state.map(SyncState::name));
    let list = format!("items {filters:?}");
    let after: Option<ItemKey> = query.cursor(&list);
    if user_id.is_empty() {
        query.refuse("user_id", "is required");
    }
    query.end()?;
    let search = items::Search { user_id: &user_id, kind, state, with_removals: false };
    let mut tx = app.engine.store().read().await?;
    let found = items::of_user(&mut tx, search, after.as_ref(), limit + 1).await?;
    let page = List::cut(found, limit, |item| cursor::write(&list, &item.key));
    let mut items = Vec::with_capacity(page.items.len());
    for item in page.items {
        items.push(ItemView::load(&mut tx, item, Audience::user_of).await?);
    }
    Ok(Json(List { items, next_cursor: page.next_cursor }))
}
