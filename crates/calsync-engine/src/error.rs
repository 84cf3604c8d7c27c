//! What stops the engine's work. Google's failures are no errors here: they are outcomes.

use calsync_store::StoreError;
use thiserror::Error;

/// An error of the engine.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    /// Whether another worker took the integration over, and nothing is wrong.
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self, Self::Store(StoreError::LeaseLost(_)))
    }
}
