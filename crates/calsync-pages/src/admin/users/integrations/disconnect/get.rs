//! The preview: what the disconnect would end, and the form that asks for a note.

use axum::extract::State;
use axum::response::Response;

use super::{FormValues, page};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Problem, sanitize};

pub(crate) async fn handler(
    State(web): State<AppState>,
    who: SignedInAdmin,
    PathParams((user_id, provider)): PathParams<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    page(&web, &who, &user_id, &sanitize(&provider), FormValues::default()).await
}
