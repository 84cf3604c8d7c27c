//! `POST /api/v1/webhook-deliveries/{id}/replay`: sends a delivery once more.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_engine::webhooks;
use http::StatusCode;

use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::webhook_delivery::WebhookDeliveryShape;
use crate::web::Web;

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(id): InPath<String>,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<WebhookDeliveryShape>), Problem> {
    input::no_fields(&body)?;
    let delivery = webhooks::replay(&web.engine, &id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
