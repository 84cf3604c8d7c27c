//! `GET /admin`: leads to the users.

use axum::response::Redirect;

pub(crate) async fn handler() -> Redirect {
    Redirect::to("/admin/users")
}
