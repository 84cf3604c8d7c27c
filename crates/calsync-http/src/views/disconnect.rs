//! A disconnect as it is shown: a saga with the receipts of its steps.

use calsync_core::item::ItemKind;
use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName, StepOutcome};
use calsync_store::mappings::RemoteItem;
use calsync_store::{StoreError, Tx, disconnects};
use jiff::Timestamp;
use serde::Serialize;

/// The most leftovers that are listed; all are counted.
const LEFTOVERS_MAX: i64 = 1_000;

/// A disconnect.
#[derive(Serialize)]
pub struct DisconnectView {
    id: String,
    state: SagaState,
    user_id: String,
    provider: String,
    remote_items: RemoteItems,
    note: Option<String>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    leftovers: Leftovers,
    steps: Vec<StepView>,
}

/// What could not be removed and is not removed since.
#[derive(Default, Serialize)]
struct Leftovers {
    count: i64,
    items: Vec<Leftover>,
}

#[derive(Serialize)]
struct Leftover {
    kind: ItemKind,
    item_id: String,
}

#[derive(Serialize)]
struct StepView {
    name: StepName,
    outcome: StepOutcome,
    receipt: String,
    at: Timestamp,
}

impl From<Saga> for DisconnectView {
    fn from(saga: Saga) -> Self {
        let steps = saga.steps.into_iter().map(|step| StepView {
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
            leftovers: Leftovers::default(),
            steps: steps.collect(),
        }
    }
}

impl DisconnectView {
    /// A disconnect with what it left, of a long list the first ones.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn with_leftovers(tx: &mut Tx, saga: Saga) -> Result<Self, StoreError> {
        let count = disconnects::count_leftovers(tx, &saga.id, None).await?;
        let items = disconnects::leftovers(tx, &saga.id, None, None, LEFTOVERS_MAX).await?;
        let leftover = |RemoteItem { item, .. }| Leftover { kind: item.kind, item_id: item.id };
        let leftovers = Leftovers { count, items: items.into_iter().map(leftover).collect() };
        Ok(Self { leftovers, ..saga.into() })
    }
}
