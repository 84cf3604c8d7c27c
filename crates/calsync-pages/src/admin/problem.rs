//! A problem as a page of the console: what was wrong, by its fields, and the way back.

use askama::Template;
use axum::response::Response;
use calsync_core::item::FieldError;
use calsync_http::app_state::{AppState, TraceId};
use calsync_http::problem::{Kind, Problem};

use super::{Shell, render};

#[derive(Template)]
#[template(path = "console/problem.html")]
struct Page<'a> {
    shell: Shell<'a>,
    title: &'static str,
    sentence: &'static str,
    errors: &'a [FieldError],
    trace_id: Option<&'a str>,
}

pub(crate) fn page(app: &AppState, problem: &Problem, trace: &TraceId) -> Response {
    let (title, sentence) = said(problem.kind());
    let page = Page {
        shell: Shell::outside(app),
        title,
        sentence,
        errors: problem.errors(),
        trace_id: problem.status().is_server_error().then_some(trace.0.as_str()),
    };
    render(problem.status(), &page)
}

const fn said(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Forbidden => {
            ("Not for your role", "Your role does not allow this. Ask an owner of the console.")
        }
        Kind::NotFound => ("Not found", "No such page, user or error, or it no longer exists."),
        Kind::BadFields => ("Invalid request", "Some values are invalid:"),
        Kind::CrossSite => (
            "Nothing was done",
            "The form does not belong to your sign-in. Reload the page and submit it again.",
        ),
        Kind::Unavailable | Kind::Timeout | Kind::RequestUnderWay => {
            ("Temporarily unavailable", "Try again in a minute.")
        }
        Kind::Internal => {
            ("Something went wrong", "Internal error. The log has the details under this trace id.")
        }
        _ => ("Invalid request", "Go back and try again."),
    }
}
