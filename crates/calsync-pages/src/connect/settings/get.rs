//! `GET /connect/settings`.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_store::sync_errors::{self, Filter};
use calsync_store::{StoreError, Tx};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::status::Status;
use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;

/// How long it is said that something was left: the user can remove it, and we can't see that they did.
const LEFT_BEHIND_SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Template)]
#[template(path = "settings.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: &'a str,
    /// What was done just now.
    notice: Option<String>,
    status: Option<Status>,
    /// Whether something stayed in a calendar that was changed for another, and what to do then.
    left_behind: Option<[&'static str; 2]>,
    /// Kept when the user connects again.
    choice: &'static str,
    kinds: Vec<Kind>,
    zone: Option<&'a str>,
    back: Option<&'a str>,
}

struct Kind {
    name: &'static str,
    title: String,
    is_on: bool,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    mut query: Query,
) -> Result<Response, Problem> {
    let messages = visit.messages;
    let notice = query.take_as("done", "must be saved, sync-now or calendar", |done| match done {
        "saved" => Some(messages.saved()),
        "sync-now" => Some(messages.syncing_now()),
        "calendar" => Some(messages.calendar_is_set()),
        _ => None,
    });
    query.end()?;
    let connection = visit.connection(&app).await?;
    let mut tx = app.engine.store().read().await?;
    let status = Status::of(&app.engine, &mut tx, &visit.user, messages).await?;
    let left_behind = is_left_behind(&mut tx, &visit.user.user_id, app.engine.now()).await?;
    drop(tx);
    if status.as_ref().is_some_and(Status::is_ending) {
        return Ok(Redirect::to("/connect/disconnect").into_response());
    }
    let choice = connection.as_ref().map_or(CalendarChoice::New, |one| one.calendar_choice);
    let off = connection.map(|one| one.disabled_kinds).unwrap_or_default();
    let page = Page {
        shell: Shell::new(&app, messages),
        messages,
        whose: visit.name(),
        notice,
        status,
        left_behind: left_behind.then(|| {
            [Reason::LeftBehind.to_user(messages.0), Reason::LeftBehind.next_step_of_user(messages.0)]
        }),
        choice: choice.name(),
        kinds: kinds(messages, &off),
        zone: visit.user.time_zone.as_deref(),
        back: visit.return_url.as_deref(),
    };
    Ok(render_for_user(&app, StatusCode::OK, &page))
}

/// Whether something was left in an old calendar of late.
async fn is_left_behind(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let filter = Filter {
        user_id: Some(user_id.to_owned()),
        reason: Some(Reason::LeftBehind),
        since: Some(now.saturating_sub(LEFT_BEHIND_SHOWN).unwrap_or(now)),
        ..Filter::default()
    };
    Ok(!sync_errors::list(tx, &filter, None, 1).await?.errors.is_empty())
}

fn kinds(messages: Messages, off: &BTreeSet<ItemKind>) -> Vec<Kind> {
    let kind = |kind: ItemKind| Kind {
        name: kind.name(),
        title: match kind {
            ItemKind::Session => messages.sessions(),
            ItemKind::Task => messages.tasks(),
            ItemKind::Deadline => messages.deadlines(),
        },
        is_on: !off.contains(&kind),
    };
    ItemKind::ALL.into_iter().map(kind).collect()
}

impl Page<'_> {
    fn moment(&self, at: &Timestamp) -> String {
        self.messages.moment(*at, self.zone)
    }
}
