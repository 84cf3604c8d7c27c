//! A problem as a page, with a way out.

mod messages;

use axum::response::Response;
use calsync_http::app_state::{AppState, TraceId};
use calsync_http::problem::{Kind, Problem};

use crate::messages::Messages;
use crate::shell::{Message, Shell, render};

pub(crate) fn page(app: &AppState, problem: &Problem, trace: &TraceId, messages: Messages) -> Response {
    let platform = &app.engine.settings().platform_name;
    let (title, sentence, way_out) = match problem.kind() {
        Kind::LinkExpired => {
            (messages.too_late_title(), messages.too_late(), messages.ask_for_a_new_link(platform))
        }
        Kind::NotConfigured => {
            (messages.not_set_up_title(), messages.not_set_up(), messages.set_up_by_whoever_runs_this())
        }
        Kind::CrossSite => {
            (messages.refused_title(), messages.form_of_another_site(), messages.open_the_link_again())
        }
        Kind::Forbidden => (messages.refused_title(), messages.not_your_role(), messages.ask_an_owner()),
        Kind::NothingToCleanUp => {
            (messages.nothing_left_title(), messages.nothing_left(), messages.close_or_back_to(platform))
        }
        Kind::NotFound => {
            (messages.nothing_here_title(), messages.nothing_here(), messages.start_from(platform))
        }
        Kind::Unavailable | Kind::Timeout | Kind::RequestUnderWay => {
            (messages.not_now_title(), messages.not_now(), messages.in_a_minute())
        }
        Kind::Internal => (messages.our_fault_title(), messages.our_fault(), messages.tell_support(platform)),
        _ => (messages.not_understood_title(), messages.not_understood(), messages.start_from(platform)),
    };
    let message = Message {
        shell: Shell::new(app, messages),
        title: &title,
        sentence: &sentence,
        way_out: &way_out,
        link: None,
        trace_id: problem.status().is_server_error().then_some(trace.0.as_str()),
    };
    render(problem.status(), &message)
}
