//! `GET /admin/password`: the form. Whoever came with a one-time password sees nothing else first.

use axum::extract::State;
use axum::response::Response;

use crate::admin_auth::SignedInAdmin;
use crate::app_state::AppState;

pub(crate) async fn handler(State(web): State<AppState>, who: SignedInAdmin) -> Response {
    super::page(&web, &who, None)
}
