//! `GET /api/v1/admin/sync-errors`: attempts that did not succeed, of all users or one.

use axum::Json;
use axum::extract::State;
use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::sync_errors::{self, Filter};

use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::sync_error::SyncErrorView;

/// What the cursors of sync errors are of.
pub(crate) const LIST: &str = "sync errors";

pub(crate) async fn handler(
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<List<SyncErrorView>>, Problem> {
    let filter = filter(&mut query);
    let limit = query.limit();
    let before: Option<String> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(LIST, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    let page = sync_errors::list(&mut tx, &filter, before.as_deref(), limit).await?;
    let items = page.errors.into_iter().map(SyncErrorView::from).collect();
    Ok(Json(List { items, next_cursor: page.next.and_then(|next| cursor::write(LIST, next)) }))
}

/// Which errors a query asks for.
pub(crate) fn filter(query: &mut Query) -> Filter {
    Filter {
        user_id: query.take("user_id"),
        group_id: query.take("group"),
        reason: query.take_as("reason", "must be a reason", Reason::from_name),
        kind: query.take_as("kind", "must be session, task or deadline", ItemKind::from_name),
        operation: query.take_as("operation", "must be an operation", Operation::from_name),
        outcome: query.take_as("outcome", "must be an outcome", Outcome::from_name),
        since: query.time("since"),
        until: query.time("until"),
        text: query.take("q"),
    }
}
