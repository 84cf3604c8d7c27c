//! Why a call brought nothing.

use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::StoreError;
use jiff::Timestamp;
use thiserror::Error;

use crate::EngineError;

/// Why a call brought nothing.
#[derive(Debug, Error)]
pub enum CallError {
    /// It was not sent, by a decision of our own, and can be from `until` on.
    #[error("put off until {until}")]
    PutOff {
        /// Now, or soon.
        until: Timestamp,
    },
    /// There is no token to send it with: what Google answered to the refresh, or what was known before.
    #[error("no access token: {0}")]
    Unauthorized(Failure),
    /// It was sent, and Google refused it or its answer was lost.
    #[error(transparent)]
    Failed(Failure),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl CallError {
    /// The cause, from the closed list.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::PutOff { .. } => Reason::WaitingTurn,
            Self::Unauthorized(failure) | Self::Failed(failure) => failure.reason,
            Self::Engine(_) => Reason::ServiceFault,
        }
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}
