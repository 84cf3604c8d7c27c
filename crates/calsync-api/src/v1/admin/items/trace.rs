//! `GET /api/v1/admin/items/{kind}/{item_id}/trace`: why an item is in a calendar or not. Where it stands for each of its
//! users, what was refused of it, and what they made of it in Google that is not there any more. Also of an item that never
//! came: then this is the answer to "why is it missing".

use axum::Json;
use axum::extract::State;
use calsync_core::item::ItemKind;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::Problem;
use calsync_http::views::Audience;
use calsync_http::views::item::{ItemView, SyncView};
use calsync_http::views::refusal::RefusalView;
use calsync_http::views::user_edit::UserEditView;
use calsync_store::items::StoredItem;
use calsync_store::{items, refusals, user_edits};
use serde::Serialize;

/// Edits and refusals that are shown, of each the newest.
const SHOWN_MAX: i64 = 100;

#[derive(Serialize)]
pub(crate) struct Trace {
    kind: ItemKind,
    item_id: String,
    /// Whether it was ever stored.
    received: bool,
    deleted: bool,
    /// Why no user is in `sync`, where none is.
    sentence: Option<&'static str>,
    sync: Vec<SyncView>,
    refusals: Vec<RefusalView>,
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
    let item = items::get(&mut tx, &key).await?;
    let refusals = refusals::of_item(&mut tx, &key, SHOWN_MAX).await?;
    let lost = user_edits::of_item(&mut tx, &key, SHOWN_MAX).await?;
    let sentence = sentence(item.as_ref(), !refusals.is_empty());
    let (received, deleted) = (item.is_some(), item.as_ref().is_some_and(|item| item.deleted));
    let sync = match item {
        Some(item) => ItemView::load(&mut tx, item, Audience::admin_of).await?.sync,
        None => Vec::new(),
    };
    Ok(Json(Trace {
        kind: key.kind,
        item_id: key.id,
        received,
        deleted,
        sentence: sync.is_empty().then_some(sentence),
        sync,
        refusals: refusals.into_iter().map(RefusalView::from).collect(),
        user_edits: lost.into_iter().map(|edit| UserEditView::new(edit, admin.role)).collect(),
    }))
}

/// Why an item is in nobody's calendar.
fn sentence(item: Option<&StoredItem>, is_refused: bool) -> &'static str {
    match item {
        None if is_refused => "Every try to store it was refused: see what was wrong with it.",
        None => "The platform never sent it, or it was deleted long ago.",
        Some(item) if item.deleted => "The platform deleted it.",
        Some(_) => "It names no user.",
    }
}
