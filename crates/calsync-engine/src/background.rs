//! The registry of what runs in the background of a worker: each loop with its period, from top to
//! bottom. All of them start and stop together; the first that fails or panics stops the others, and
//! with them the process: whoever started it starts it anew. A job that panics stops nothing ([`crate::jobs`]).

use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, disconnect, maintenance, user_deletion, webhooks, worker};

/// Runs every loop until `stop`, and until what is under way has ended.
///
/// | loop | looks | does |
/// |---|---|---|
/// | [`worker`] | each second, or when told | passes over integrations |
/// | [`disconnect`] | each second, or when told | steps of disconnects |
/// | [`user_deletion`] | each second | users who are being deleted |
/// | [`webhooks`] | each second, or when told | sends what the platform is to hear |
/// | [`maintenance`] | each second | counts what was recorded ([`crate::roll_up`]) |
/// | | each hour | uses grants that lie idle, forgets what is old |
///
/// # Errors
/// If the store can't be reached at the start.
pub async fn run(engine: Engine, stop: CancellationToken) -> Result<(), EngineError> {
    let _stop_all = stop.clone().drop_guard();
    tokio::try_join!(
        worker::run(engine.clone(), stop.clone()),
        disconnect::run(engine.clone(), stop.clone()),
        user_deletion::run(engine.clone(), stop.clone()),
        webhooks::run(engine.clone(), stop.clone()),
        maintenance::run(engine, stop),
    )?;
    Ok(())
}
