//! `DELETE /api/v1/items/{kind}/{item_id}[?version=]`: removes the item from all calendars; 204
//! also when it is unknown. A later PUT starts anew, unless its version is not newer than what was
//! deleted.

use std::collections::BTreeSet;

use axum::extract::State;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, PathParams, Query};
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_store::mappings;
use http::StatusCode;

use super::change;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams((kind, item_id)): PathParams<(String, String)>,
    mut query: Query,
) -> Result<StatusCode, Problem> {
    let key = input::item_key(&kind, item_id).map_err(Problem::fields)?;
    let version = query.take_as("version", "must be a whole number from 0", |text| {
        text.parse::<i64>().ok().filter(|version| *version >= 0)
    });
    query.end()?;
    let now = app.engine.now();
    let result = retrying_tx!(app.engine, |tx| {
        let mut due_changes = BTreeSet::new();
        let result = change::delete(tx, &key, version, &mut due_changes, now).await?;
        mappings::mark_due(tx, &due_changes, now).await?;
        result
    })?;
    app.engine.hint();
    result.into_answer()
}
