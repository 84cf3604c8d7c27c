//! A disconnect as it is shown: a saga with the receipts of its steps; and what one is asked with.

use calsync_core::item::FieldError;
use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName, StepOutcome};
use jiff::Timestamp;
use serde::Serialize;

/// The length of a note, in characters.
const NOTE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=500;

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

/// A note that justifies a deed.
pub(crate) fn note(text: &str) -> Result<String, FieldError> {
    let text = text.trim().replace("\r\n", "\n");
    let is_plain = text.chars().all(|c| c == '\n' || !c.is_control());
    if NOTE_LENGTHS.contains(&text.chars().count()) && is_plain {
        return Ok(text);
    }
    Err(FieldError::new("note", "must have 3 to 500 characters, none a control character"))
}
