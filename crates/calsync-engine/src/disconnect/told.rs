//! What the platform is told of a disconnect that came to its end.

use calsync_core::disconnect::SagaState;
use calsync_core::webhook::{DISCONNECT_FINISHED, stream_of_connection};
use calsync_store::Tx;
use calsync_store::disconnects::{Saga, Step};
use calsync_store::webhooks::{self, Announcement};
use serde_json::{Value, json};

use crate::{Engine, EngineError};

/// Tells that `saga` ended in `state` with the step `last`, in the transaction that ends it. One that
/// a clean-up carries on ends again.
pub(super) async fn finished(
    engine: &Engine,
    tx: &mut Tx,
    saga: &Saga,
    last: &Step,
    state: SagaState,
) -> Result<(), EngineError> {
    let earlier = saga.steps.iter().filter(|step| step.name != last.name);
    let steps: Vec<Value> = earlier.chain([last]).map(told).collect();
    let data = json!({
        "id": saga.id,
        "user_id": saga.user_id,
        "provider": saga.provider,
        "state": state,
        "remote_items": saga.remote_items,
        "steps": steps,
    });
    let announcement = Announcement {
        id: &engine.new_id(),
        at: last.at,
        event_type: DISCONNECT_FINISHED,
        stream: &stream_of_connection(&saga.user_id, &saga.provider),
        user_id: Some(&saga.user_id),
        data: Some(&data),
    };
    Ok(webhooks::announce(tx, &announcement, last.at).await?)
}

fn told(step: &Step) -> Value {
    json!({"name": step.name, "outcome": step.outcome, "receipt": step.receipt, "at": step.at})
}
