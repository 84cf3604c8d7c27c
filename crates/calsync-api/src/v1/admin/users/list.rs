//! `GET /api/v1/admin/users?q=&state=&reason=`: users with their connection.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::admin_user::AdminUserView;
use calsync_store::user_search;

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    mut query: Query,
) -> Result<Json<List<AdminUserView>>, Problem> {
    let filter = filters::users(&mut query, admin.role);
    let limit = query.limit();
    let after: Option<String> = query.cursor(filters::USERS);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let found = user_search::find(&mut tx, &filter, after.as_deref(), limit, app.engine.now()).await?;
    let items = found.users.into_iter().map(|user| AdminUserView::new(user, admin.role)).collect();
    Ok(Json(List { items, next_cursor: found.next.and_then(|next| cursor::write(filters::USERS, next)) }))
}
