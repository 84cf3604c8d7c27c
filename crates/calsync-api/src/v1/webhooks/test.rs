//! `POST /api/v1/webhooks/test`: sends a test to the webhook and answers with what came of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_engine::webhooks;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery};
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::webhook_delivery::WebhookDeliveryView;

pub(crate) async fn handler(
    State(app): State<AppState>,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<WebhookDeliveryView>, Problem> {
    input::no_fields(&body)?;
    let delivery = app.engine.run_to_end(|engine| async move { webhooks::test(&engine).await }).await?;
    delivery.map(|delivery| Json(delivery.into())).ok_or_else(|| Problem::new(Kind::NoWebhook))
}
