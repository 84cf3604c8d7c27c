//! `GET /api/v1/items/{kind}/{item_id}`: the item and, per user, where it stands in plain words.

use axum::Json;
use axum::extract::State;
use calsync_store::items;

use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::Audience;
use crate::shapes::item::ItemShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath((kind, item_id)): InPath<(String, String)>,
    _: NoQuery,
) -> Result<Json<ItemShape>, Problem> {
    let key = input::item_key(&kind, item_id).map_err(Problem::fields)?;
    let mut tx = web.engine.store().read().await?;
    let item = items::get(&mut tx, &key).await?.filter(|item| !item.deleted);
    let item = item.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(ItemShape::load(&mut tx, item, Audience::user_of).await?))
}
