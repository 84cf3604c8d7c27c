//! `GET /admin/password`: the form. Whoever came with a one-time password sees nothing else first.

use axum::extract::State;
use axum::response::Response;

use crate::web::Web;
use crate::who::Who;

pub(crate) async fn handler(State(web): State<Web>, who: Who) -> Response {
    super::page(&web, &who, None)
}
