//! Starts the disconnect, or leads to the one that runs.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_engine::disconnect::{RemoteItems, Request, RequestedBy, Started, start};

use super::{Filled, page};
use crate::input::{self, InPath};
use crate::pages::admin::NO_NOTE;
use crate::problem::{Kind, Problem, clean};
use crate::web::Web;
use crate::who::Who;

pub(crate) async fn handler(
    State(web): State<Web>,
    who: Who,
    InPath((user_id, provider)): InPath<(String, String)>,
    body: Bytes,
) -> Result<Response, Problem> {
    input::user_id(&user_id)?;
    let provider = clean(&provider);
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
        let filled = Filled { note: &given, keeps, refusal: Some(NO_NOTE) };
        return page(&web, &who, &user_id, &provider, filled).await;
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
