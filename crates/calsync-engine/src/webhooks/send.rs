//! Sends one delivery and stores what came of it.

use bytes::Bytes;
use calsync_core::env::bytes;
use calsync_core::retry::{WEBHOOK_TRIED_FOR, webhook_backoff};
use calsync_store::leases::Lease;
use calsync_store::webhooks::{self, Attempt, Delivery, DeliveryResult};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::transaction::retrying_tx;
use crate::webhook_client::Webhook;
use crate::{Engine, EngineError, feed};

/// How long a claimed delivery is ours: longer than a call can take, with room for the store.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How we name ourselves to the platform.
const AGENT: &str = concat!("calsync/", env!("CARGO_PKG_VERSION"));

/// Sends a claimed delivery, if it can still be told.
///
/// # Errors
/// If the store fails; then the delivery is sent again once its lease is over.
pub async fn deliver(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    let Some(webhook) = engine.webhook() else { return Ok(()) };
    let mut tx = engine.store().read().await?;
    let Some(delivery) = webhooks::get(&mut tx, &lease.id).await? else { return Ok(()) };
    drop(tx);
    let Some(body) = body(engine, &delivery).await? else {
        let error = Some("What it tells of is not kept any more.".to_owned());
        let attempt = Attempt { at: engine.now(), http_status: None, error };
        return store(engine, lease, &attempt, DeliveryResult::GivenUp).await;
    };
    let attempt = send(engine, webhook, &delivery.id, body).await;
    let result = result(engine, &delivery, &attempt);
    if result == DeliveryResult::GivenUp {
        tracing::error!(id = delivery.id, "webhook delivery failed: retries exhausted");
    }
    store(engine, lease, &attempt, result).await
}

/// Tries the webhook, whether it is disabled or not, and enables it if it answers as it should. What
/// came of it; none: there is no webhook.
///
/// # Errors
/// If the store fails.
pub async fn test(engine: &Engine) -> Result<Option<Delivery>, EngineError> {
    let Some(webhook) = engine.webhook() else { return Ok(None) };
    let (id, data) = (engine.new_id(), json!({}));
    let lease = retrying_tx!(engine, |tx| webhooks::begin_test(tx, &id, &data, LEASE, engine.now()).await?)?;
    let body = message(calsync_core::webhook::TEST, engine.now(), &data);
    let attempt = send(engine, webhook, &id, body).await;
    let is_taken = attempt.error.is_none();
    store(
        engine,
        &lease,
        &attempt,
        if is_taken { DeliveryResult::Delivered } else { DeliveryResult::GivenUp },
    )
    .await?;
    let (is_enabled, delivery) = retrying_tx!(engine, |tx| {
        let is_enabled = is_taken && webhooks::enable(tx, engine.now()).await?;
        (is_enabled, webhooks::get(tx, &id).await?)
    })?;
    if is_enabled {
        tracing::info!("webhook enabled again: a test delivery succeeded");
    }
    engine.hint_webhooks();
    Ok(delivery)
}

/// What is sent, made ready now; none: what it tells of is forgotten.
async fn body(engine: &Engine, delivery: &Delivery) -> Result<Option<String>, EngineError> {
    if let Some(data) = &delivery.data {
        return Ok(Some(message(&delivery.event_type, delivery.at, data)));
    }
    let change = feed::one(engine, &delivery.id).await?;
    Ok(change.map(|change| message(&delivery.event_type, change.at, &json!(change))))
}

fn message(event_type: &str, at: Timestamp, data: &Value) -> String {
    json!({"type": event_type, "timestamp": at, "data": data}).to_string()
}

/// Sends `body` under `id`. Whatever is not a 2xx in time is an error.
async fn send(engine: &Engine, webhook: &Webhook, id: &str, body: String) -> Attempt {
    let timestamp = engine.now().as_second();
    let signatures: Vec<String> =
        webhook.secrets.iter().filter_map(|secret| secret.sign(id, timestamp, &body)).collect();
    let request = Request::post(webhook.target.uri())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures.join(" "))
        .body(Bytes::from(body));
    let answer = match request {
        Ok(request) => webhook.transport.send(request).await.map_err(|error| error.message),
        Err(error) => Err(error.to_string()),
    };
    let (http_status, error) = match answer {
        Ok(answer) => (Some(answer.status()), refusal(answer.status())),
        Err(error) => (None, Some(error)),
    };
    Attempt { at: engine.now(), http_status: http_status.map(|status| status.as_u16()), error }
}

/// Why an answer means that the delivery was not taken, if it does.
fn refusal(status: StatusCode) -> Option<String> {
    match status {
        status if status.is_success() => None,
        StatusCode::GONE => Some("The endpoint answered 410: it is disabled.".into()),
        status if status.is_redirection() => {
            Some(format!("The endpoint answered {}: redirects are not followed.", status.as_u16()))
        }
        status => Some(format!("The endpoint answered {}.", status.as_u16())),
    }
}

/// What becomes of `delivery` after `attempt`.
fn result(engine: &Engine, delivery: &Delivery, attempt: &Attempt) -> DeliveryResult {
    let failing_since = delivery.failing_since.unwrap_or(attempt.at);
    if attempt.error.is_none() {
        DeliveryResult::Delivered
    } else if is_gone(attempt) {
        // Disabled in the same transaction, so it waits for the test call that enables.
        DeliveryResult::Retry(attempt.at)
    } else if attempt.at.duration_since(failing_since) >= WEBHOOK_TRIED_FOR {
        DeliveryResult::GivenUp
    } else {
        let failures = u32::try_from(delivery.failures + 1).unwrap_or(u32::MAX);
        let [jitter] = bytes(engine.entropy());
        let due_at = attempt.at.saturating_add(webhook_backoff(failures, jitter));
        DeliveryResult::Retry(due_at.unwrap_or(attempt.at))
    }
}

/// Whether the platform said that nothing is to be sent there any more.
fn is_gone(attempt: &Attempt) -> bool {
    attempt.http_status == Some(StatusCode::GONE.as_u16())
}

/// Stores how a try ended, unless another worker has the delivery now.
async fn store(
    engine: &Engine,
    lease: &Lease,
    attempt: &Attempt,
    result: DeliveryResult,
) -> Result<(), EngineError> {
    let (is_ours, disabled) = retrying_tx!(engine, |tx| {
        let is_ours = webhooks::record_result(tx, lease, attempt, result).await?;
        (is_ours, is_ours && is_gone(attempt) && webhooks::disable(tx, attempt.at).await?)
    })?;
    if is_ours {
        engine.metrics().count_delivery(result.state());
    }
    if disabled {
        tracing::error!(
            "webhook disabled: its endpoint answered 410 (Gone). Send a test delivery to enable it again"
        );
    }
    Ok(())
}
