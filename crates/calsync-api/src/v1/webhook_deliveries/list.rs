//! `GET /api/v1/webhook-deliveries?state=`: deliveries of the last 30 days, newest first, and whether
//! the webhook is sent anything at all.

use axum::Json;
use axum::extract::State;
use calsync_core::cursor;
use calsync_engine::webhooks::{DeliveryState, Endpoint};
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::List;
use calsync_http::views::webhook_delivery::WebhookDeliveryView;
use calsync_store::webhooks;
use jiff::Timestamp;
use serde::Serialize;

const LIST: &str = "webhook deliveries";

#[derive(Serialize)]
pub(crate) struct Deliveries {
    #[serde(flatten)]
    list: List<WebhookDeliveryView>,
    endpoint: EndpointView,
}

#[derive(Serialize)]
struct EndpointView {
    state: &'static str,
    disabled_at: Option<Timestamp>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Json<Deliveries>, Problem> {
    let limit = query.limit();
    let state = query.take_as("state", "must be waiting, delivered or failed", DeliveryState::from_name);
    let of = format!("{LIST} {}", state.map_or("", DeliveryState::name));
    let before: Option<String> = query.cursor(&of);
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let found = webhooks::page(&mut tx, state, before.as_deref(), limit + 1).await?;
    let endpoint = webhooks::endpoint(&mut tx).await?;
    let page = List::cut(found, limit, |delivery| cursor::write(&of, &delivery.id));
    let list = page.map(WebhookDeliveryView::from);
    let endpoint = view(endpoint.filter(|_| app.engine.webhook().is_some()));
    Ok(Json(Deliveries { list, endpoint }))
}

fn view(endpoint: Option<Endpoint>) -> EndpointView {
    let disabled_at = endpoint.and_then(|endpoint| endpoint.disabled_at);
    let state = match (endpoint, disabled_at) {
        (None, _) => "none",
        (Some(_), None) => "enabled",
        (Some(_), Some(_)) => "disabled",
    };
    EndpointView { state, disabled_at }
}
