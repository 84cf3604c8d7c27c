//! `GET /api/v1/items/{kind}/{item_id}`: the item and, per user, where it stands in plain words.

use axum::Json;
use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::Audience;
use calsync_http::views::item::ItemView;
use calsync_store::items;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams((kind, item_id)): PathParams<(String, String)>,
    _: NoQuery,
) -> Result<Json<ItemView>, Problem> {
    let key = input::item_key(&kind, item_id).map_err(Problem::fields)?;
    let mut tx = app.engine.store().read().await?;
    let item = items::get(&mut tx, &key).await?.filter(|item| !item.deleted);
    let item = item.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(ItemView::load(&mut tx, item, Audience::user_of).await?))
}
