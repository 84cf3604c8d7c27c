//! A problem as a page, with a way out.

use axum::response::Response;

use super::{Message, Shell, render};
use crate::problem::{Kind, Problem};
use crate::web::{TraceId, Web};

pub(crate) fn page(web: &Web, problem: &Problem, trace: &TraceId) -> Response {
    let platform = &web.engine.settings().platform_name;
    let (sentence, way_out) = match problem.kind() {
        Kind::LinkExpired => (
            "This link was used already or is too old.",
            format!("Go back to {platform} and ask for a new link."),
        ),
        Kind::NotConfigured => (
            "Google Calendar can't be connected yet: the service has no Google app of its own so far.",
            "Whoever runs the service sets google.client_id and google.client_secret. Your link stays good."
                .to_owned(),
        ),
        Kind::CrossSite => (
            "This form came from another site, so nothing was done.",
            "Open the link again and send the form from there.".to_owned(),
        ),
        Kind::Forbidden => {
            ("Your role may not see or do this.", "Ask an owner of the console for another role.".to_owned())
        }
        Kind::NothingToCleanUp => (
            "Nothing of ours is left that could be removed.",
            format!("You can close this page and go back to {platform}."),
        ),
        Kind::NotFound => ("There is no such page.", format!("Go back to {platform} and start from there.")),
        Kind::Unavailable | Kind::Timeout => {
            ("This can't be done at the moment.", "Please try again in a minute.".to_owned())
        }
        Kind::Internal => (
            "Something went wrong on our side.",
            format!("Please try again; if it happens again, tell the support of {platform}."),
        ),
        _ => ("This could not be understood.", format!("Go back to {platform} and start from there.")),
    };
    let message = Message {
        shell: Shell::new(web),
        title: problem.title(),
        sentence,
        way_out: &way_out,
        trace_id: problem.status().is_server_error().then_some(trace.0.as_str()),
    };
    render(problem.status(), &message)
}
