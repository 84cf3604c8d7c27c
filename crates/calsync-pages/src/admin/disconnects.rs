//! `GET /admin/disconnects/{id}`: each step with its outcome and receipt. While it runs, the page
//! loads itself anew; it can be left and found again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::GOOGLE;
use calsync_engine::disconnect::{self, RemoteItems, RequestedBy, Saga, SagaState, StepName, StepOutcome};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};
use calsync_store::admins::{self, Role};
use calsync_store::users;
use http::StatusCode;

use super::display::{RelativeTime, State as Shown, provider};
use super::{Shell, render, user_href};
use crate::assets::LIVE_JS;

#[derive(Template)]
#[template(path = "console/receipts.html")]
struct Page<'a> {
    shell: Shell<'a>,
    user: String,
    user_href: String,
    provider: String,
    tone: &'static str,
    sentence: &'static str,
    is_running: bool,
    keeps: bool,
    note: String,
    by: Option<String>,
    began: RelativeTime,
    reconnect_href: Option<String>,
    live_script: &'static str,
    took: Option<String>,
    steps: Vec<Row>,
}

struct Row {
    tone: &'static str,
    name: &'static str,
    outcome: &'static str,
    receipt: String,
    at: Option<RelativeTime>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    PathParams(id): PathParams<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let saga = disconnect::saga(&app.engine, &sanitize(&id)).await?;
    let saga = saga.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let mut tx = app.engine.store().read().await?;
    let name = users::get(&mut tx, &saga.user_id).await?.and_then(|user| user.name);
    let by = match &saga.requested_by {
        // Who came with a key has the name that they gave.
        RequestedBy::Admin { id } => Some(admins::email_of(&mut tx, id).await?.unwrap_or_else(|| id.clone())),
        RequestedBy::User => Some("the user".to_owned()),
        RequestedBy::Platform => Some("the platform".to_owned()),
    };
    Ok(render(StatusCode::OK, &page(&app, &admin, saga, name, by)))
}

fn page<'a>(
    app: &'a AppState,
    admin: &'a SignedInAdmin,
    saga: Saga,
    name: Option<String>,
    by: Option<String>,
) -> Page<'a> {
    let now = app.engine.now();
    let steps = StepName::ALL.iter().map(|step| row(&saga, *step, now)).collect();
    let (tone, sentence) = match saga.state {
        SagaState::Running => ("mute", "The disconnect runs; you can leave this page and come back."),
        SagaState::Done => {
            ("good", "Done: the connection is ended and clean. The user can connect again at once.")
        }
        SagaState::DoneWithLeftovers => {
            ("warn", "Done with leftovers: the connection is ended; what could not be done stands below.")
        }
    };
    let took = saga.ended_at.map(|end| {
        let millis = end.as_millisecond() - saga.created_at.as_millisecond();
        if millis < 1_000 {
            format!("{millis} ms")
        } else {
            format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
        }
    });
    Page {
        shell: Shell::new(app, admin, "users"),
        user: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| saga.user_id.clone()),
        by,
        reconnect_href: (saga.state != SagaState::Running
            && saga.provider == GOOGLE
            && admin.role >= Role::Support)
            .then(|| format!("{}#reconnect-note", user_href(&saga.user_id))),
        live_script: &LIVE_JS.path,
        user_href: user_href(&saga.user_id),
        provider: provider(&saga.provider),
        tone,
        sentence,
        is_running: saga.state == SagaState::Running,
        keeps: saga.remote_items == RemoteItems::Keep,
        note: saga.note.unwrap_or_default(),
        began: RelativeTime::new(saga.created_at, now),
        took,
        steps,
    }
}

fn row(saga: &Saga, name: StepName, now: jiff::Timestamp) -> Row {
    let step = saga.step(name);
    let Shown { tone, word } = match step.map(|step| step.outcome) {
        Some(StepOutcome::Done) => Shown { tone: "good", word: "done" },
        Some(StepOutcome::AlreadySo) => Shown { tone: "good", word: "already so" },
        Some(StepOutcome::CouldNot) => Shown { tone: "bad", word: "could not" },
        Some(StepOutcome::Skipped) => Shown { tone: "mute", word: "skipped" },
        None if saga.next_step() == Some(name) => Shown { tone: "mute", word: "under way" },
        None => Shown { tone: "mute", word: "to come" },
    };
    Row {
        tone,
        name: title(name),
        outcome: word,
        receipt: step.map(|step| step.receipt.clone()).unwrap_or_default(),
        at: step.map(|step| RelativeTime::new(step.at, now)),
    }
}

const fn title(name: StepName) -> &'static str {
    match name {
        StepName::Freeze => "Freeze",
        StepName::StopChannels => "Stop channels",
        StepName::RemoveItems => "Remove synced items",
        StepName::Revoke => "Revoke access",
        StepName::Verify => "Verify",
        StepName::Wipe => "Wipe secrets",
    }
}
