//! The preview: what the disconnect would end, and the form that asks for a note.

use axum::extract::State;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{IntegrationParams, NoQuery};
use calsync_http::problem::Problem;

use super::{FormValues, page};

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    _: NoQuery,
) -> Result<Response, Problem> {
    page(&app, &admin, &user_id, &provider, FormValues::default()).await
}
