//! What every handler works with.

use std::net::IpAddr;
use std::sync::Arc;

use calsync_core::env::bytes;
use calsync_engine::Engine;
use data_encoding::HEXLOWER;
use tokio::sync::Semaphore;

/// Batches whose bodies are in memory at once: 16 MB each.
const BATCHES_AT_ONCE: usize = 4;

/// The state of the router, cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    /// Everything that does the work.
    pub(crate) engine: Engine,
    /// Bounds the memory that batches take.
    pub(crate) batches: Arc<Semaphore>,
}

/// Names one request in our log and in a problem.
#[derive(Clone, Debug)]
pub(crate) struct TraceId(pub(crate) String);

/// The other end of a connection, which may be a proxy: see [`crate::client`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl AppState {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, batches: Arc::new(Semaphore::new(BATCHES_AT_ONCE)) }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId(HEXLOWER.encode(&bytes::<16>(self.engine.entropy())))
    }

    /// Whether browsers reach us over https.
    pub(crate) fn is_https(&self) -> bool {
        self.engine.settings().public_url.starts_with("https://")
    }
}
