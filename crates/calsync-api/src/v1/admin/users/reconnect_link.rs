//! `POST /api/v1/admin/users/{user_id}/integrations/{provider}/reconnect-link`: a connect link for
//! support to send to the user. Whoever has it can connect as them, so it is audited.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::integration::GOOGLE;
use calsync_engine::consent;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, IntegrationParams, NoQuery};
use calsync_http::problem::{Kind, Problem};

use crate::v1::users::connect_link::ConnectLinkView;

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<ConnectLinkView>, Problem> {
    let note = input::only_note(&body)?;
    if provider != GOOGLE {
        return Err(Problem::new(Kind::NotFound));
    }
    let link = consent::create_reconnect_link(&app.engine, &user_id, &admin.id, &note).await?;
    Ok(Json(ConnectLinkView::from(link.ok_or_else(|| Problem::new(Kind::NotFound))?)))
}
