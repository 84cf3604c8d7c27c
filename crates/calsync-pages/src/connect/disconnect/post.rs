//! `POST /connect/disconnect`: starts it; one that runs already goes on as it was asked for.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::GOOGLE;
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy};
use calsync_http::app_state::AppState;
use calsync_http::input::{self, Form};
use calsync_http::problem::Problem;
use serde::Deserialize;

use crate::user_visit::UserVisit;

#[derive(Deserialize)]
pub(crate) struct DisconnectForm {
    remote_items: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    Form(form): Form<DisconnectForm>,
) -> Result<Response, Problem> {
    end(&app, &visit, input::remote_items(form.remote_items.as_deref())?).await?;
    Ok(Redirect::to("/connect/disconnect").into_response())
}

/// Ends the visitor's connection, if one stands.
pub(in crate::connect) async fn end(
    app: &AppState,
    visit: &UserVisit,
    remote_items: RemoteItems,
) -> Result<(), Problem> {
    let request = Request {
        user_id: visit.user.user_id.clone(),
        provider: GOOGLE.to_owned(),
        remote_items,
        note: None,
        requested_by: RequestedBy::User,
    };
    disconnect::start(&app.engine, &request).await?;
    Ok(())
}
