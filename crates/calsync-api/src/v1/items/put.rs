//! `PUT /api/v1/items/{kind}/{item_id}`: upsert; replaces, absent clears. The same body twice
//! changes nothing. What is refused is kept for an admin to find.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::item::{ItemBody, ItemKey};
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_http::views::Audience;
use calsync_http::views::item::ItemView;
use calsync_store::mappings;
use http::StatusCode;

use super::change::{self, ChangeResult};
use crate::v1::refusals::record::{self, Sent};

pub(crate) async fn handler(
    State(app): State<AppState>,
    api_client: ApiClient,
    PathParams((kind, item_id)): PathParams<(String, String)>,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<ItemView>), Problem> {
    let sent = Sent::item(&kind, &item_id);
    let (key, body) = match parse(&kind, item_id, &body) {
        Ok(parsed) => parsed,
        Err(problem) => return Err(record::refuse(&app, &api_client, &sent, problem).await),
    };
    let now = app.engine.now();
    let (result, mappings, is_due) = retrying_tx!(app.engine, |tx| {
        let mut due_changes = BTreeSet::new();
        let being_deleted = change::ensure_exist(tx, [&body], &BTreeMap::new(), now).await?;
        let result = change::put(tx, &key, &body, &being_deleted, &mut due_changes, now).await?;
        mappings::mark_due(tx, &due_changes, now).await?;
        (result, mappings::of_item(tx, key.kind, &key.id).await?, !due_changes.is_empty())
    })?;
    if is_due {
        app.engine.hint();
    }
    match result {
        ChangeResult::Stored(status) => {
            Ok((status, Json(ItemView::new(key, Some(body), mappings, Audience::user_of))))
        }
        ChangeResult::Refused(problem) => Err(record::refuse(&app, &api_client, &sent, problem).await),
    }
}

fn parse(kind: &str, item_id: String, body: &[u8]) -> Result<(ItemKey, ItemBody), Problem> {
    let key = input::item_key(kind, item_id).map_err(Problem::fields)?;
    let body = ItemBody::parse(key.kind, &input::object(body)?).map_err(Problem::fields)?;
    Ok((key, body))
}
