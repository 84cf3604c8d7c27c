//! `GET /api/v1/webhook-deliveries?state=`: deliveries of the last 30 days, newest first, and whether
//! the webhook is sent anything at all.

use axum::Json;
use axum::extract::State;
use calsync_engine::webhooks::{DeliveryState, Endpoint};
use calsync_store::webhooks;
use jiff::Timestamp;
use serde::Serialize;

use crate::app_state::AppState;
use crate::cursor;
use crate::input::Query;
use crate::problem::Problem;
use crate::views::List;
use crate::views::webhook_delivery::WebhookDeliveryView;

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
    State(web): State<AppState>,
    mut query: Query,
) -> Result<Json<Deliveries>, Problem> {
    let limit = query.limit();
    let state = query.take_as("state", "must be waiting, delivered or failed", DeliveryState::from_name);
    let of = format!("{LIST} {}", state.map_or("", DeliveryState::name));
    let before: Option<String> =
        query.take_as("cursor", "is not a cursor of this list", |text| cursor::read(&of, text));
    query.end()?;
    let mut tx = web.engine.store().read().await?;
    // One more than asked tells whether the list goes on.
    let mut found = webhooks::page(&mut tx, state, before.as_deref(), limit + 1).await?;
    let endpoint = webhooks::endpoint(&mut tx).await?;
    let goes_on = found.len() as i64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let last = found.last().filter(|_| goes_on);
    let next_cursor = last.and_then(|delivery| cursor::write(&of, &delivery.id));
    let items = found.into_iter().map(WebhookDeliveryView::from).collect();
    let endpoint = view(endpoint.filter(|_| web.engine.webhook().is_some()));
    Ok(Json(Deliveries { list: List { items, next_cursor }, endpoint }))
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
