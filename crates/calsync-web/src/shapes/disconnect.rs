//! A disconnect as it is shown: a saga with the receipts of its steps.

use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName, StepOutcome};
use jiff::Timestamp;
use serde::Serialize;

/// A disconnect.
#[derive(Serialize)]
pub(crate) struct DisconnectShape {
    id: String,
    state: SagaState,
    user_id: String,
    provider: String,
    remote_items: RemoteItems,
    note: Option<String>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    steps: Vec<StepShape>,
}

#[derive(Serialize)]
struct StepShape {
    name: StepName,
    outcome: StepOutcome,
    receipt: String,
    at: Timestamp,
}

impl From<Saga> for DisconnectShape {
    fn from(saga: Saga) -> Self {
        let steps = saga.steps.into_iter().map(|step| StepShape {
            name: step.name,
            outcome: step.outcome,
            receipt: step.receipt,
            at: step.at,
        });
        Self {
            id: saga.id,
            state: saga.state,
            user_id: saga.user_id,
            provider: saga.provider,
            remote_items: saga.remote_items,
            note: saga.note,
            created_at: saga.created_at,
            ended_at: saga.ended_at,
            steps: steps.collect(),
        }
    }
}
