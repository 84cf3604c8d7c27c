//! `POST /api/v1/webhook-deliveries/{id}/replay`: sends a delivery once more.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_engine::webhooks;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::webhook_delivery::WebhookDeliveryView;
use http::StatusCode;

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(id): PathParams<String>,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<WebhookDeliveryView>), Problem> {
    input::no_fields(&body)?;
    let delivery = webhooks::replay(&app.engine, &id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
