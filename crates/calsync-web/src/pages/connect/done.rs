//! `GET /connect/done`: it worked. A page of its own, so that loading it again does nothing.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::pages::{Shell, render};
use crate::web::Web;

#[derive(Template)]
#[template(path = "done.html")]
struct Page<'a> {
    shell: Shell<'a>,
}

pub(crate) async fn handler(State(web): State<Web>) -> Response {
    render(StatusCode::OK, &Page { shell: Shell::new(&web) })
}
