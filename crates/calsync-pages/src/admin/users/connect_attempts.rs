//! `GET /admin/users/{user_id}/connect-attempts`: each try to connect and how it ended.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::ConnectOutcome;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::Problem;
use calsync_http::views::connect_attempt::ConnectAttemptView;
use calsync_store::consent;
use http::StatusCode;

use super::Head;
use crate::admin::display::{RelativeTime, State as Shown, short};
use crate::admin::{Shell, render};

#[derive(Template)]
#[template(path = "console/connect_attempts.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    tries: Vec<Row>,
}

struct Row {
    began: RelativeTime,
    ended: Option<RelativeTime>,
    state: Shown,
    why: Option<String>,
    sentence: &'static str,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Response, Problem> {
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let head = Head::of(&mut tx, &user_id, &admin, "connect-attempts").await?;
    let tries = consent::attempts(&mut tx, &user_id, filters::CONNECT_ATTEMPTS_MAX).await?;
    let row = |attempt: ConnectAttemptView| Row {
        began: RelativeTime::new(attempt.started_at, now),
        ended: attempt.ended_at.map(|at| RelativeTime::new(at, now)),
        state: shown(attempt.outcome.as_deref().and_then(ConnectOutcome::from_name)),
        why: attempt.reason.map(short),
        sentence: attempt.sentence,
    };
    let tries = tries.into_iter().map(ConnectAttemptView::from).map(row).collect();
    Ok(render(StatusCode::OK, &Page { shell: Shell::new(&app, &admin, "users"), head, tries }))
}

fn shown(outcome: Option<ConnectOutcome>) -> Shown {
    let (tone, word) = match outcome {
        Some(ConnectOutcome::Connected) => ("good", "Connected"),
        Some(ConnectOutcome::Denied) => ("mute", "Denied"),
        Some(ConnectOutcome::Partial) => ("warn", "Partial"),
        Some(ConnectOutcome::Failed) => ("bad", "Failed"),
        None => ("mute", "Not come back"),
    };
    Shown { tone, word }
}
