//! `GET /api/v1/admin/audit-log`: what admins did, newest first.

use axum::Json;
use axum::extract::State;
use calsync_store::audit;

use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::audit_row::AuditRowView;

/// What the cursors of the audit are of.
pub(crate) const LIST: &str = "audit";

pub(crate) async fn handler(
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<List<AuditRowView>>, Problem> {
    let target = query.take("target_id");
    let limit = query.limit();
    let before: Option<String> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(LIST, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    // One more than asked tells whether the list goes on.
    let mut rows = audit::list(&mut tx, target.as_deref(), before.as_deref(), limit + 1).await?;
    let goes_on = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next_cursor = rows.last().filter(|_| goes_on).and_then(|row| cursor::write(LIST, &row.id));
    Ok(Json(List { items: rows.into_iter().map(AuditRowView::from).collect(), next_cursor }))
}
