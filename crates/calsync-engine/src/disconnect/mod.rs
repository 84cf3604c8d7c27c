//! How a connection ends: a saga, the same for the user, the platform and an admin.
//!
//! [`start`] freezes the integration in the transaction that stores the wish; the worker then takes
//! the steps in their order: freeze, stop channels, remove items, revoke, verify, wipe. Each ends
//! with a receipt that is stored before the next begins, so a crash repeats one step at most, and
//! every call of a step is harmless to repeat. What waits is a due time in the store.

mod freeze;
mod job;
mod notify;
mod preview;
mod removal_source;
mod remove;
mod revoke;
mod run;
mod steps;
mod verify;

pub use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
pub use calsync_store::disconnects::{DisconnectStep, RequestedBy, Saga};
pub(crate) use job::Disconnecting;
pub use job::claim;
pub use preview::{Preview, preview};
pub use steps::resume;

use calsync_store::disconnects::{self, NewDisconnect};

use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// A wish to disconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose connection.
    pub user_id: String,
    /// With whom: any provider.
    pub provider: String,
    /// What becomes of what was synced.
    pub remote_items: RemoteItems,
    /// The admin's note; required of an admin.
    pub note: Option<String>,
    /// Who wants it.
    pub requested_by: RequestedBy,
}

/// What came of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// It runs now.
    Started {
        /// The disconnect.
        saga: Saga,
    },
    /// One ran already, and goes on as it was asked for.
    AlreadyRunning {
        /// The disconnect.
        saga: Saga,
    },
    /// There is nothing to disconnect.
    NothingConnected,
}

/// Starts a disconnect. From here on nothing is written for the integration.
///
/// # Errors
/// If the store fails.
pub async fn start(engine: &Engine, request: &Request) -> Result<Started, EngineError> {
    let new = NewDisconnect {
        user_id: &request.user_id,
        provider: &request.provider,
        remote_items: request.remote_items,
        requested_by: &request.requested_by,
        note: request.note.as_deref(),
    };
    let started =
        retrying_tx!(engine, |tx| { disconnects::start(engine.store(), tx, &new, engine.now()).await? })?;
    engine.hint_disconnects();
    Ok(match started {
        disconnects::Start::Started(saga) => Started::Started { saga },
        disconnects::Start::AlreadyRunning(saga) => Started::AlreadyRunning { saga },
        disconnects::Start::NothingConnected => Started::NothingConnected,
    })
}

/// A disconnect, running or ended.
///
/// # Errors
/// If the store fails.
pub async fn saga(engine: &Engine, id: &str) -> Result<Option<Saga>, EngineError> {
    let mut tx = engine.store().read().await?;
    Ok(disconnects::get(&mut tx, id).await?)
}
