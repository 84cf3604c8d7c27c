//! `POST /api/v1/admin/users/{user_id}/integrations/{provider}/disconnect`: forces a disconnect, of
//! any provider. A second call answers the one that runs; `dry_run` only looks.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use calsync_core::item::FieldError;
use calsync_engine::disconnect::{self, Preview, RemoteItems, Request, RequestedBy, Started};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, IntegrationParams, NoQuery};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::disconnect::DisconnectView;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// What a body asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    note: Option<String>,
    remote_items: RemoteItems,
    is_dry_run: bool,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    _: NoQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let wish = parse(&input::object(&body)?).map_err(Problem::fields)?;
    if wish.is_dry_run {
        let found = disconnect::preview(&app.engine, &user_id, &provider).await?;
        let Preview { channels, items, waiting, other_scopes } =
            found.ok_or_else(|| Problem::new(Kind::NotFound))?;
        let shown = json!({
            "channels": channels, "items": items, "waiting": waiting, "other_scopes": other_scopes,
        });
        return Ok(Json(shown).into_response());
    }
    let requested_by = RequestedBy::Admin { id: admin.id };
    let Wish { note, remote_items, .. } = wish;
    let request = Request { user_id, provider, remote_items, note, requested_by };
    match disconnect::start(&app.engine, &request).await? {
        Started::Started { saga } | Started::AlreadyRunning { saga } => {
            Ok((StatusCode::ACCEPTED, Json(DisconnectView::from(saga))).into_response())
        }
        Started::NothingConnected => Err(Problem::new(Kind::NotFound)),
    }
}

/// Reads the body. All bad fields are told at once; a note is needed only for the action itself.
fn parse(body: &Map<String, Value>) -> Result<Wish, Vec<FieldError>> {
    let mut errors = Vec::new();
    input::unknown_keys(body, &["note", "remote_items", "dry_run"], &mut errors);
    let is_dry_run = match body.get("dry_run") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(given)) => *given,
        Some(_) => {
            errors.push(FieldError::new("dry_run", "must be true or false"));
            false
        }
    };
    let remote_items = match body.get("remote_items") {
        None | Some(Value::Null) => Some(RemoteItems::Remove),
        Some(given) => given.as_str().and_then(RemoteItems::from_name),
    };
    if remote_items.is_none() {
        errors.push(FieldError::new("remote_items", "must be remove or keep"));
    }
    let is_noted = body.get("note").is_some_and(|given| !given.is_null());
    let note = if is_dry_run && !is_noted { None } else { input::required_note(body, &mut errors) };
    match remote_items {
        Some(remote_items) if errors.is_empty() => Ok(Wish { note, remote_items, is_dry_run }),
        _ => Err(errors),
    }
}
