//! `POST /api/v1/admin/pauses`: pauses a user, a domain, an operation, or everything. The same target again answers
//! the pause that stands.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::item::FieldError;
use calsync_core::pause::PauseTarget;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery};
use calsync_http::problem::{Kind, Problem};
use calsync_http::retrying_tx;
use calsync_http::views::pause::PauseView;
use calsync_store::pauses::{self, Begun, NewPauseByAdmin};
use http::StatusCode;
use serde_json::{Map, Value};

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<PauseView>), Problem> {
    let (target, note) = parse(&input::object(&body)?).map_err(Problem::fields)?;
    let (store, now) = (app.engine.store(), app.engine.now());
    let new = NewPauseByAdmin { target: &target, admin_id: &admin.id, note: &note };
    match retrying_tx!(app.engine, |tx| pauses::begin_by_admin(store, tx, new, now).await?)? {
        Begun::Now(pause) => Ok((StatusCode::CREATED, Json(pause.into()))),
        Begun::Before(pause) => Ok((StatusCode::OK, Json(pause.into()))),
        Begun::UnknownUser => Err(Problem::new(Kind::NotFound)),
    }
}

/// Reads the body. All bad fields are told at once.
fn parse(body: &Map<String, Value>) -> Result<(PauseTarget, String), Vec<FieldError>> {
    let mut errors = Vec::new();
    input::unknown_keys(body, &["note", "user_id", "domain", "operation"], &mut errors);
    let note = input::required_note(body, &mut errors);
    // What is no text is no name.
    let text = |name: &str| {
        let given = body.get(name).filter(|given| !given.is_null());
        given.map(|given| given.as_str().unwrap_or_default())
    };
    let target = PauseTarget::parse(text("user_id"), text("domain"), text("operation"));
    match (note, target) {
        (Some(note), Ok(target)) if errors.is_empty() => Ok((target, note)),
        (_, target) => {
            errors.extend(target.err().unwrap_or_default());
            Err(errors)
        }
    }
}
