//! `GET /api/v1/admin/sync-errors`: attempts that did not succeed, of all users or one.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::sync_error::SyncErrorView;
use calsync_store::sync_errors;

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<SyncErrorView>>, Problem> {
    let filter = filters::sync_errors(&mut query);
    let limit = query.limit();
    let before: Option<String> = query.cursor(filters::SYNC_ERRORS);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let page = sync_errors::list(&mut tx, &filter, before.as_deref(), limit).await?;
    let items = page.errors.into_iter().map(SyncErrorView::from).collect();
    Ok(Json(List {
        items,
        next_cursor: page.next.and_then(|next| cursor::write(filters::SYNC_ERRORS, next)),
    }))
}
