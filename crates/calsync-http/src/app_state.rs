//! What every handler works with.

use std::net::IpAddr;
use std::sync::Arc;

use calsync_core::env::bytes;
use calsync_engine::Engine;
use data_encoding::HEXLOWER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Batches whose bodies are in memory at once: 16 MB each.
const BATCHES_AT_ONCE: usize = 4;

/// The state of the router, cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Everything that does the work.
    pub engine: Engine,
    /// Bounds the memory that batches take.
    batches: Arc<Semaphore>,
}

/// Names one request in our log and in a problem.
#[derive(Clone, Debug)]
pub struct TraceId(pub String);

/// The other end of a connection, which may be a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Room in memory for one batch, kept until its answer is sent.
#[derive(Clone)]
pub struct BatchSlot {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl AppState {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, batches: Arc::new(Semaphore::new(BATCHES_AT_ONCE)) }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId(HEXLOWER.encode(&bytes::<16>(self.engine.entropy())))
    }

    /// Room for one batch, once there is some; none at shutdown.
    pub(crate) async fn batch_slot(&self) -> Option<BatchSlot> {
        let permit = self.batches.clone().acquire_owned().await.ok()?;
        Some(BatchSlot { _permit: Arc::new(permit) })
    }

    /// Whether browsers reach us over https.
    pub fn is_https(&self) -> bool {
        self.engine.settings().public_url.starts_with("https://")
    }
}
