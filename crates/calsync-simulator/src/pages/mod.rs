//! Pages for a person: consent, and an account's calendars as its Google user sees them.

pub(crate) mod consent;

use askama::Template;
use http::StatusCode;

use crate::answer::Answer;

/// A page of this template.
fn render(status: StatusCode, page: &impl Template) -> Answer {
    match page.render() {
        Ok(html) => Answer::html(status, html),
        Err(_) => Answer::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
