//! Starts the disconnect, or leads to the one that runs.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::disconnect::{RemoteItems, Request, RequestedBy, Started, start};

use super::{FormValues, page};
use crate::admin::NOTE_REQUIRED;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};

pub(crate) async fn handler(
    State(web): State<AppState>,
    who: SignedInAdmin,
    PathParams((user_id, provider)): PathParams<(String, String)>,
    body: Bytes,
) -> Result<Response, Problem> {
    input::user_id(&user_id)?;
    let provider = sanitize(&provider);
    let take = |name: &str| {
        let value = form_urlencoded::parse(&body).find(|(key, _)| key == name);
        value.map(|(_, value)| value.into_owned())
    };
    let given = take("note").unwrap_or_default();
    let remote_items =
        take("remote_items").map_or(Some(RemoteItems::Remove), |name| RemoteItems::from_name(&name));
    let remote_items =
        remote_items.ok_or_else(|| Problem::field("remote_items", "must be remove or keep"))?;
    let Ok(note) = input::note(&given) else {
        let keeps = remote_items == RemoteItems::Keep;
        let values = FormValues { note: &given, keeps, refusal: Some(NOTE_REQUIRED) };
        return page(&web, &who, &user_id, &provider, values).await;
    };
    let requested_by = RequestedBy::Admin { id: who.id };
    let request = Request { user_id, provider, remote_items, note: Some(note), requested_by };
    match start(&web.engine, &request).await? {
        Started::Started { saga } | Started::AlreadyRunning { saga } => {
            Ok(Redirect::to(&format!("/admin/disconnects/{}", saga.id)).into_response())
        }
        Started::NothingConnected => Err(Problem::new(Kind::NotFound)),
    }
}
