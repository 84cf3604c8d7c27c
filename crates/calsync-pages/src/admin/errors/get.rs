//! `GET /admin/errors/{id}`: one sync error: what was asked, what Google said, what happens next.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::reason::Reaction;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};
use calsync_store::sync_errors::{self, Group, SyncError};
use http::StatusCode;

use super::Row;
use crate::admin::display::{RelativeTime, provider};
use crate::admin::{Shell, render};

#[derive(Template)]
#[template(path = "console/error.html")]
struct Page<'a> {
    shell: Shell<'a>,
    row: Row,
    provider: String,
    sentence: &'static str,
    next_step: &'static str,
    happens: &'static str,
    status: Option<i64>,
    word: Option<String>,
    message: Option<String>,
    group: Option<Group>,
    group_since: Option<RelativeTime>,
    group_href: String,
    trace_id: String,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    PathParams(id): PathParams<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let mut tx = app.engine.store().read().await?;
    let error =
        sync_errors::get(&mut tx, &sanitize(&id)).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let group = match &error.group_id {
        Some(id) => sync_errors::group(&mut tx, id).await?,
        None => None,
    };
    Ok(render(StatusCode::OK, &page(&app, &admin, error, group)))
}

fn page<'a>(app: &'a AppState, admin: &'a SignedInAdmin, error: SyncError, group: Option<Group>) -> Page<'a> {
    let now = app.engine.now();
    let entry = error.reason.info();
    let time = |micros| RelativeTime::new(jiff::Timestamp::from_microsecond(micros).unwrap_or_default(), now);
    Page {
        shell: Shell::new(app, admin, "errors"),
        provider: provider(&error.provider),
        sentence: entry.admin_sentence,
        next_step: entry.next_step.text,
        happens: happens(entry.reaction),
        status: error.http_status,
        word: error.provider_reason.clone(),
        message: error.provider_message.clone(),
        group_since: group.as_ref().map(|group| time(group.first_seen)),
        group_href: format!("/admin/errors?group={}", error.group_id.as_deref().unwrap_or_default()),
        group,
        trace_id: error.trace_id.clone(),
        row: Row::new(error, now),
    }
}

/// What calsync does by itself.
const fn happens(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::None => "Nothing: this is no failure of an operation.",
        Reaction::Mend => "calsync looks again, merges and tries once more, at once.",
        Reaction::Backoff => "The item is tried again, after pauses that double.",
        Reaction::Park => {
            "The item is tried again; the third refusal in a row parks it until something changes."
        }
        Reaction::PauseIntegration => "The whole connection slows down for a while, then goes on by itself.",
        Reaction::StopIntegration => {
            "The whole connection stops until its user does something; nothing is lost."
        }
        Reaction::PauseDeployment => {
            "Every connection waits, and one call a minute tries whether it is over."
        }
    }
}
