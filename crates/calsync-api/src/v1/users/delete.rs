//! `DELETE /api/v1/users/{user_id}`: disconnects, cleans up, and forgets the user. It goes on after
//! the answer; until it is done, the user can be read and nothing is stored for them.

use axum::extract::State;
use calsync_engine::user_deletion;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::Problem;
use http::StatusCode;

pub(crate) async fn handler(
    State(app): State<AppState>,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    user_deletion::delete_user(&app.engine, &user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
