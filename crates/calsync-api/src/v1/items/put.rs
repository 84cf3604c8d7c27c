//! `PUT /api/v1/items/{kind}/{item_id}`: upsert; replaces, absent clears. The same body twice
//! changes nothing. What is refused is kept for an admin to find.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::item::{ItemBody, ItemKey};
use calsync_store::mappings;
use http::StatusCode;

use super::change;
use crate::v1::refusals::record::{self, Sent};
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_http::views::Audience;
use calsync_http::views::item::ItemView;

pub(crate) async fn handler(
    State(web): State<AppState>,
    caller: ApiClient,
    PathParams((kind, item_id)): PathParams<(String, String)>,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<ItemView>), Problem> {
    let sent = Sent::item(&kind, &item_id);
    let stored = match parse(&kind, item_id, &body) {
        Ok((key, body)) => store(&web, key, body).await?,
        Err(problem) => Err(problem),
    };
    match stored {
        Ok((status, view)) => Ok((status, Json(view))),
        Err(problem) => Err(record::refuse(&web, &caller, &sent, problem).await),
    }
}

fn parse(kind: &str, item_id: String, body: &[u8]) -> Result<(ItemKey, ItemBody), Problem> {
    let key = input::item_key(kind, item_id).map_err(Problem::fields)?;
    let body = ItemBody::parse(key.kind, &input::object(body)?).map_err(Problem::fields)?;
    Ok((key, body))
}

/// Stores the item, commits, and answers how it stands now.
async fn store(
    web: &AppState,
    key: ItemKey,
    body: ItemBody,
) -> Result<Result<(StatusCode, ItemView), Problem>, Problem> {
    let now = web.engine.now();
    let done = retrying_tx!(web.engine, |tx| {
        let mut due_changes = BTreeSet::new();
        let being_deleted = change::ensure_exist(tx, [&body], &BTreeMap::new(), now).await?;
        let status = change::put(tx, &key, &body, &being_deleted, &mut due_changes, now).await?;
        mappings::mark_due(tx, &due_changes, now).await?;
        (status, mappings::of_item(tx, key.kind, &key.id).await?, due_changes.is_empty())
    });
    let (status, mappings, is_quiet) = done?;
    if !is_quiet {
        web.engine.hint();
    }
    Ok(status.map(|status| (status, ItemView::new(key, Some(body), mappings, Audience::user_of))))
}
