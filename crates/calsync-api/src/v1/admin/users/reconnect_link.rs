//! `POST /api/v1/admin/users/{user_id}/integrations/{provider}/reconnect-link`: a connect link for
//! support to send to the user. Whoever has it can connect as them, so it is audited.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::integration::GOOGLE;
use calsync_core::item::FieldError;
use calsync_engine::consent;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, IntegrationParams, NoQuery};
use calsync_http::problem::{Kind, Problem};
use serde_json::{Map, Value};

use crate::v1::users::connect_link::ConnectLinkView;

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<ConnectLinkView>, Problem> {
    let note = parse(&input::object(&body)?).map_err(Problem::fields)?;
    if provider != GOOGLE {
        return Err(Problem::new(Kind::NotFound));
    }
    let link = consent::create_reconnect_link(&app.engine, &user_id, &admin.id, &note).await?;
    Ok(Json(ConnectLinkView::from(link.ok_or_else(|| Problem::new(Kind::NotFound))?)))
}

fn parse(body: &Map<String, Value>) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    input::unknown_keys(body, &["note"], &mut errors);
    let given = body.get("note").filter(|given| !given.is_null());
    let note = given.map_or_else(
        || Err(FieldError::new("note", "is required")),
        |given| input::note(given.as_str().unwrap_or_default()),
    );
    match note {
        Ok(note) if errors.is_empty() => return Ok(note),
        Ok(_) => {}
        Err(error) => errors.push(error),
    }
    Err(errors)
}
