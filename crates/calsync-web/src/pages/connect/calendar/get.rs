//! `GET /connect/calendar`: the calendars that may be written to, the first one chosen.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_engine::connect::writable_calendars;
use http::{HeaderMap, StatusCode};

use crate::pages::cookies::Choice;
use crate::pages::{Message, Shell, leads_elsewhere, render};
use crate::problem::{Kind, Problem};
use crate::web::Web;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page<'a> {
    shell: Shell<'a>,
    calendars: Vec<Calendar>,
    refusal: Option<&'static str>,
}

struct Calendar {
    id: String,
    name: String,
    is_chosen: bool,
}

pub(crate) async fn handler(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let choice = Choice::of(&web, &headers)?;
    page(&web, &choice, None).await
}

/// The page; `refusal` says why the form is back.
pub(super) async fn page(
    web: &Web,
    choice: &Choice,
    refusal: Option<&'static str>,
) -> Result<Response, Problem> {
    let found = match writable_calendars(&web.engine, &choice.integration_id).await? {
        Some(Ok(found)) => found,
        Some(Err(failure)) => {
            let message = Message {
                shell: Shell::new(web),
                title: "Your calendars can’t be shown",
                sentence: failure.reason.to_user(calsync_core::language::Language::English),
                way_out: "Load this page again in a minute.",
                trace_id: None,
            };
            return Ok(render(StatusCode::BAD_GATEWAY, &message));
        }
        None => return Err(Problem::new(Kind::Unavailable)),
    };
    let chosen = found.iter().position(|calendar| calendar.primary).unwrap_or_default();
    let calendars = found.into_iter().enumerate().map(|(at, calendar)| Calendar {
        name: if calendar.summary.is_empty() { calendar.id.clone() } else { calendar.summary },
        id: calendar.id,
        is_chosen: at == chosen,
    });
    let calendars = calendars.collect();
    let status = if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(leads_elsewhere(web, render(status, &Page { shell: Shell::new(web), calendars, refusal })))
}
