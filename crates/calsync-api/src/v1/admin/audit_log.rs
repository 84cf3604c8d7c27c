//! `GET /api/v1/admin/audit-log`: what admins did, newest first.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::audit_row::AuditRowView;
use calsync_store::audit;

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<List<AuditRowView>>, Problem> {
    let target = query.take("target_id");
    let limit = query.limit();
    let before: Option<String> = query.cursor(filters::AUDIT);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let rows = audit::list(&mut tx, target.as_deref(), before.as_deref(), limit + 1).await?;
    let page = List::cut(rows, limit, |row| cursor::write(filters::AUDIT, &row.id));
    Ok(Json(page.map(AuditRowView::from)))
}
