//! Starts the disconnect, or leads to the one that runs.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::disconnect::{RemoteItems, Request, RequestedBy, Started, start};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, Form, IntegrationParams};
use calsync_http::problem::{Kind, Problem};
use serde::Deserialize;

use super::{FormValues, page};
use crate::admin::NOTE_REQUIRED;

#[derive(Deserialize)]
pub(crate) struct DisconnectForm {
    #[serde(default)]
    note: String,
    remote_items: Option<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    Form(form): Form<DisconnectForm>,
) -> Result<Response, Problem> {
    let remote_items = input::remote_items(form.remote_items.as_deref())?;
    let Ok(note) = input::note(&form.note) else {
        let keeps = remote_items == RemoteItems::Keep;
        let values = FormValues { note: &form.note, keeps, refusal: Some(NOTE_REQUIRED) };
        return page(&app, &admin, &user_id, &provider, values).await;
    };
    let requested_by = RequestedBy::Admin { id: admin.id };
    let request = Request { user_id, provider, remote_items, note: Some(note), requested_by };
    match start(&app.engine, &request).await? {
        Started::Started { saga } | Started::AlreadyRunning { saga } => {
            Ok(Redirect::to(&format!("/admin/disconnects/{}", saga.id)).into_response())
        }
        Started::NothingConnected => Err(Problem::new(Kind::NotFound)),
    }
}
