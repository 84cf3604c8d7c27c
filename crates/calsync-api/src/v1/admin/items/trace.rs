//! `GET /api/v1/admin/items/{kind}/{item_id}/trace`: where an item stands for each of its users and why, and what they made
//! of it in Google that is not there any more.

use axum::Json;
use axum::extract::State;
use calsync_core::item::ItemKind;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::Audience;
use calsync_http::views::item::{ItemView, SyncView};
use calsync_http::views::user_edit::UserEditView;
use calsync_store::{items, user_edits};
use serde::Serialize;

/// Edits that are shown, the newest.
const EDITS_MAX: i64 = 100;

#[derive(Serialize)]
pub(crate) struct Trace {
    kind: ItemKind,
    item_id: String,
    deleted: bool,
    sync: Vec<SyncView>,
    user_edits: Vec<UserEditView>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    PathParams((kind, item_id)): PathParams<(String, String)>,
    _: NoQuery,
) -> Result<Json<Trace>, Problem> {
    let key = input::item_key(&kind, item_id).map_err(Problem::fields)?;
    let mut tx = app.engine.store().read().await?;
    let item = items::get(&mut tx, &key).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let deleted = item.deleted;
    let ItemView { sync, .. } = ItemView::load(&mut tx, item, Audience::admin_of).await?;
    let lost = user_edits::of_item(&mut tx, &key, EDITS_MAX).await?;
    let user_edits = lost.into_iter().map(|edit| UserEditView::new(edit, admin.role)).collect();
    Ok(Json(Trace { kind: key.kind, item_id: key.id, deleted, sync, user_edits }))
}
