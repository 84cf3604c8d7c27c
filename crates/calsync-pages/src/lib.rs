//! What people see: the pages on which users connect and look after their connection, and the admins'
//! console. Rendered on the server; a little script only keeps what is under way up to date. The path
//! of a file is the path of its address.

mod admin;
mod assets;
mod clean_up;
mod connect;
mod messages;
mod oauth;
mod problem;
mod routes;
mod shell;
mod user_visit;

use axum::response::Response;
use calsync_http::app_state::{AppState, TraceId};
use calsync_http::problem::Problem;
use calsync_http::response::Recipient;

use crate::messages::Messages;

pub use routes::all as routes;

/// A problem as a page, with a way out.
pub fn problem_page(app: &AppState, problem: &Problem, trace: &TraceId, recipient: Recipient) -> Response {
    match recipient {
        Recipient::User(language) => problem::page(app, problem, trace, Messages(language)),
        Recipient::Admin => admin::problem::page(app, problem, trace),
    }
}
