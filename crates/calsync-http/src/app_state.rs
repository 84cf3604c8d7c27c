//! What every handler works with.

use std::net::IpAddr;
use std::sync::Arc;

use calsync_core::env::bytes;
use calsync_engine::Engine;
use data_encoding::HEXLOWER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Batches that are worked on at once.
const BATCHES_AT_ONCE: usize = 4;
/// What the bodies of all requests may take in memory, in KiB.
const BODIES_KIB_MAX: usize = 128 << 10;

/// The state of the router, cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Everything that does the work.
    pub engine: Engine,
    batches: Arc<Semaphore>,
    bodies_kib: Arc<Semaphore>,
}

/// Names one request in our log and in a problem.
#[derive(Clone, Debug)]
pub struct TraceId(pub String);

/// The other end of a connection, which may be a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Room in memory for one body.
#[derive(Default)]
pub(crate) struct BodyRoom(Option<OwnedSemaphorePermit>);

/// A batch's turn, and the room of its body, kept until its answer is sent.
#[derive(Clone)]
pub struct BatchSlot {
    _permits: Arc<(OwnedSemaphorePermit, BodyRoom)>,
}

impl AppState {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            batches: Arc::new(Semaphore::new(BATCHES_AT_ONCE)),
            bodies_kib: Arc::new(Semaphore::new(BODIES_KIB_MAX)),
        }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId(HEXLOWER.encode(&bytes::<16>(self.engine.entropy())))
    }

    /// Makes `room` as large as `bytes` need. Where there isn't enough, nobody waits: bodies that wait for
    /// each other's rest would wait for ever.
    pub(crate) fn widen(&self, room: &mut BodyRoom, bytes: usize) -> Option<()> {
        let held = room.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(bytes.div_ceil(1 << 10).saturating_sub(held)).ok()?;
        let permit = self.bodies_kib.clone().try_acquire_many_owned(more).ok()?;
        match &mut room.0 {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        Some(())
    }

    /// A turn for a batch whose body has `room`, once there is one; none at shutdown.
    pub(crate) async fn batch_slot(&self, room: BodyRoom) -> Option<BatchSlot> {
        let permit = self.batches.clone().acquire_owned().await.ok()?;
        Some(BatchSlot { _permits: Arc::new((permit, room)) })
    }

    /// Whether browsers reach us over https.
    pub fn is_https(&self) -> bool {
        self.engine.settings().public_url.starts_with("https://")
    }
}
