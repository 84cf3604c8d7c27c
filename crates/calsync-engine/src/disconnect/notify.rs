//! The delivery that reports a finished disconnect to the platform.

use calsync_core::disconnect::SagaState;
use calsync_core::webhook::{DISCONNECT_FINISHED, stream_of_connection};
use calsync_store::Tx;
use calsync_store::disconnects::{DisconnectStep, Saga};
use calsync_store::webhooks::{self, NewDelivery};
use serde_json::{Value, json};

use crate::{Engine, EngineError};

/// Tells that `saga` ended in `state` with the step `last`, in the transaction that ends it. One that
/// a clean-up carries on ends again.
pub(super) async fn finished(
    engine: &Engine,
    tx: &mut Tx,
    saga: &Saga,
    last: &DisconnectStep,
    state: SagaState,
) -> Result<(), EngineError> {
    let earlier = saga.steps.iter().filter(|step| step.name != last.name);
    let steps: Vec<Value> = earlier.chain([last]).map(step_payload).collect();
    let data = json!({
        "id": saga.id,
        "user_id": saga.user_id,
        "provider": saga.provider,
        "state": state,
        "remote_items": saga.remote_items,
        "steps": steps,
    });
    let delivery = NewDelivery {
        id: &engine.new_id(),
        at: last.at,
        event_type: DISCONNECT_FINISHED,
        stream: &stream_of_connection(&saga.user_id, &saga.provider),
        user_id: Some(&saga.user_id),
        data: Some(&data),
    };
    Ok(webhooks::enqueue(tx, &delivery, last.at).await?)
}

fn step_payload(step: &DisconnectStep) -> Value {
    json!({"name": step.name, "outcome": step.outcome, "receipt": step.receipt, "at": step.at})
}
