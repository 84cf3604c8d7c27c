//! What users read while their old connection is being ended and they want a new one. The page goes on
//! by itself, without script by loading itself again, to what stands at its address then.

use askama::Template;
use axum::response::Response;
use calsync_http::app_state::AppState;
use http::StatusCode;

use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};

#[derive(Template)]
#[template(path = "waiting.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
}

pub(super) fn page(app: &AppState, messages: Messages) -> Response {
    render_for_user(app, StatusCode::OK, &Page { shell: Shell::new(app, messages), messages })
}
