//! `GET /connect/disconnect`: what would happen, while the connection stands; then what happened.
//! `then` names a try to connect with another account, which goes on from here.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::GOOGLE;
use calsync_core::reason::Reason;
use calsync_engine::disconnect::{Preview, Saga, preview};
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::{Problem, sanitize};
use calsync_http::return_url;
use calsync_store::consent::attempt;
use calsync_store::disconnects;
use http::StatusCode;

use super::receipts::{Receipts, receipts};
use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;

#[derive(Template)]
#[template(path = "disconnect.html")]
struct PreviewPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: &'a str,
    account: Option<String>,
    preview: Preview,
}

#[derive(Template)]
#[template(path = "disconnected.html")]
struct ReceiptsPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    receipts: Receipts,
    /// The account that is connected next.
    next_account: Option<String>,
    /// As what it is connected.
    choice: String,
    back: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    mut query: Query,
) -> Result<Response, Problem> {
    let then = query.take("then");
    query.end()?;
    let connection = visit.connection(&app).await?;
    if let Some(connection) = connection.filter(|one| one.state.is_live()) {
        let preview = preview(&app.engine, &visit.user.user_id, GOOGLE).await?.unwrap_or_default();
        let page = PreviewPage {
            shell: Shell::new(&app, visit.messages),
            messages: visit.messages,
            whose: visit.name(),
            account: connection.account_email.filter(|email| !email.is_empty()),
            preview,
        };
        return Ok(render_for_user(&app, StatusCode::OK, &page));
    }
    let mut tx = app.engine.store().read().await?;
    let sagas = disconnects::of_user(&mut tx, &visit.user.user_id, SAGAS_MAX).await?;
    let next = match then {
        Some(id) => attempt(&mut tx, &sanitize(&id), &visit.user.user_id).await?,
        None => None,
    };
    drop(tx);
    let Some(saga) = sagas.into_iter().find(|saga: &Saga| saga.provider == GOOGLE) else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    let next = next.filter(|one| one.reason.as_deref() == Some(Reason::OtherAccount.name()));
    let page = ReceiptsPage {
        shell: Shell::new(&app, visit.messages),
        messages: visit.messages,
        receipts: receipts(&saga, visit.messages),
        choice: next.as_ref().map(|one| one.calendar_choice.clone()).unwrap_or_default(),
        next_account: next.and_then(|one| one.account_email),
        back: visit.return_url.map(|url| return_url::with_outcome(&url, "disconnected", None)),
    };
    Ok(render_for_user(&app, StatusCode::OK, &page))
}

/// Disconnects of any provider among which Google's newest is looked for.
const SAGAS_MAX: i64 = 20;
