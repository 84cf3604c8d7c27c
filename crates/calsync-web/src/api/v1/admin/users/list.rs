//! `GET /api/v1/admin/users?q=&state=&reason=`: users with their connection.

use axum::Json;
use axum::extract::State;
use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use calsync_store::admins::Role;
use calsync_store::user_search::{self, Filter, Wanted};

use crate::admin_auth::SignedInAdmin;
use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::admin_user::AdminUserView;

/// What the cursors of users are of.
pub(crate) const LIST: &str = "admin users";

pub(crate) async fn handler(
    State(web): State<AppState>,
    who: SignedInAdmin,
    mut query: Query,
) -> Result<Json<List<AdminUserView>>, Problem> {
    let filter = filter(&mut query, who.role);
    let limit = query.limit();
    let after: Option<String> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(LIST, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    let found = user_search::find(&mut tx, &filter, after.as_deref(), limit, web.engine.now()).await?;
    let items = found.users.into_iter().map(|user| AdminUserView::new(user, who.role)).collect();
    Ok(Json(List { items, next_cursor: found.next.and_then(|next| cursor::write(LIST, next)) }))
}

/// Which users a query asks for, as far as a role may.
pub(crate) fn filter(query: &mut Query, role: Role) -> Filter {
    Filter {
        text: query.take("q").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        finds_part_of_email: role >= Role::Support,
        state: query.take_as("state", "must be a connection's state or not_connected", |name| match name {
            "not_connected" | "disconnected" => Some(Wanted::NotConnected),
            name => IntegrationState::from_name(name).map(Wanted::In),
        }),
        reason: query.take_as("reason", "must be a reason", Reason::from_name),
    }
}
