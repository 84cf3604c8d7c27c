//! A problem as a page of the console: what was wrong, by its fields, and the way back.

use askama::Template;
use axum::response::Response;
use calsync_core::item::FieldError;

use super::{Shell, render};
use crate::app_state::{AppState, TraceId};
use crate::problem::{Kind, Problem};

#[derive(Template)]
#[template(path = "console/problem.html")]
struct Page<'a> {
    shell: Shell<'a>,
    title: &'static str,
    sentence: &'static str,
    errors: &'a [FieldError],
    trace_id: Option<&'a str>,
}

pub(crate) fn page(web: &AppState, problem: &Problem, trace: &TraceId) -> Response {
    let (title, sentence) = said(problem.kind());
    let page = Page {
        shell: Shell::outside(web),
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
            ("Not for your role", "Your role may not see or do this: ask an owner of the console.")
        }
        Kind::NotFound => ("There is nothing here", "No page, user or error has this address, or no longer."),
        Kind::BadFields => {
            ("This could not be understood", "Something of what was asked for is not as it should be:")
        }
        Kind::CrossSite => (
            "Nothing was done",
            "The form is not one of your own sign-in: load the page again, and send it from there.",
        ),
        Kind::Unavailable | Kind::Timeout | Kind::RequestUnderWay => {
            ("Not at the moment", "This can’t be done at the moment: try again in a minute.")
        }
        Kind::Internal => {
            ("Something went wrong", "The fault is on our side: an operator finds it in the log.")
        }
        _ => ("This could not be understood", "Go back, and try it in another way."),
    }
}
