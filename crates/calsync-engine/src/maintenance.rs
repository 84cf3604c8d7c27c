//! What is done each hour and nobody waits for: grants that lie idle are used, and what is older than it may be
//! is forgotten ([`retention`]).

use crate::{Engine, EngineError, google, retention};

/// Does all of it.
///
/// # Errors
/// If the store fails.
pub async fn round(engine: &Engine) -> Result<(), EngineError> {
    google::wake_idle(engine.google()).await?;
    retention::round(engine).await
}
