//! The platform's webhook: whatever the feed tells, and a little more, is sent to it by the rules of
//! Standard Webhooks.
//!
//! What is to be sent was stored with what it tells of. A worker claims it, sends it, and stores what
//! came of it: a crash in between sends it again, under the same id. What tells of one item, or of one
//! connection, keeps its order. What it tells is made ready at the sending, with the link that the feed tells, too.

mod job;
mod send;

pub use crate::webhook_client::{
    AllowedHosts, CALL_LIMIT, PublicConnector, Resolver, SigningSecret, SystemResolver, Target, Webhook,
    transport,
};
pub use calsync_core::webhook::DeliveryState;
pub use calsync_store::webhooks::{Delivery, Endpoint};
pub(crate) use job::Delivering;
pub use job::claim;
pub use send::{deliver, test};

use calsync_store::webhooks;

use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Tells the store that there is a webhook: from now on there are deliveries. Each process does it
/// before it changes anything.
///
/// # Errors
/// If the store fails.
pub async fn set_up(engine: &Engine) -> Result<(), EngineError> {
    let Some(webhook) = engine.webhook() else { return Ok(()) };
    let endpoint = retrying_tx!(engine, |tx| {
        webhooks::set_up(tx, webhook.target.as_str(), engine.now()).await?;
        webhooks::endpoint(tx).await?
    })?;
    if let Some(since) = endpoint.and_then(|endpoint| endpoint.disabled_at) {
        tracing::error!(%since, "the webhook is disabled: its endpoint answered 410 (Gone). Send a test delivery to enable it again");
    }
    Ok(())
}

/// Sends a delivery once more, or at once; none: there is no such delivery.
///
/// # Errors
/// If the store fails.
pub async fn replay(engine: &Engine, id: &str) -> Result<Option<Delivery>, EngineError> {
    let delivery = retrying_tx!(engine, |tx| match webhooks::replay(tx, id, engine.now()).await? {
        true => webhooks::get(tx, id).await?,
        false => None,
    })?;
    engine.hint_webhooks();
    Ok(delivery)
}
