//! The one way to Google. Whatever is called for a connection goes through an [`AuthorizedClient`], which has a
//! fresh token, waits for its turn at the [`gate`] and notes what came of it ([`journal`]); consents, which belong
//! to no connection yet, go through [`Google::client`] and the same gate.

mod authorized_client;
mod dead_grant;
mod gate;
mod idle;
mod journal;
mod pauses;

pub(crate) use authorized_client::{AuthorizedClient, Lane, grant, is_over, local_failure};
pub use dead_grant::dead_grant;
pub use gate::CALL_LIMIT;
pub(crate) use gate::{GateLimits, lease_covers_call};
pub(crate) use idle::wake_idle;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calsync_core::env::{Clock, Entropy};
use calsync_core::pause::OutageWindow;
use calsync_core::reason::Reason;
use calsync_google::{Failure, GoogleClient};
use calsync_store::{Store, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use crate::EngineError;
use crate::metrics::Metrics;
use gate::{Account, Gate, Gated, MaySend};

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

/// Google as the engine reaches it, with the store that holds its tokens. Cheap to clone.
#[derive(Clone)]
pub struct Google(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Behind the gate, for what belongs to no connection.
    client: GoogleClient,
    /// Before the gate: each caller's way through it is made of this.
    ungated: GoogleClient,
    gate: Arc<Gate>,
    good_reads: AtomicU64,
    metrics: Arc<Metrics>,
    /// How the connections of this process fared.
    outage_window: Mutex<OutageWindow>,
}

impl Google {
    pub(crate) fn new(
        ungated: GoogleClient,
        store: Store,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        limits: GateLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let ungated = ungated.observed_by(metrics.clone());
        let gate = Arc::new(Gate::new(limits, clock.clone()));
        let client = gated(&ungated, &gate, None, Arc::new(|| true));
        Self(Arc::new(Inner {
            store,
            clock,
            entropy,
            client,
            ungated,
            gate,
            good_reads: AtomicU64::new(0),
            metrics,
            outage_window: Mutex::default(),
        }))
    }

    /// Google, for what belongs to no connection: consents. Each request waits for its turn among all of this
    /// process.
    pub fn client(&self) -> &GoogleClient {
        &self.0.client
    }

    /// Google, for requests that are only sent while `may_send` says so when their turn has come.
    fn client_while(&self, account: Option<Account>, may_send: MaySend) -> GoogleClient {
        gated(&self.0.ungated, &self.0.gate, account, may_send)
    }

    /// Requests that wait at this moment until others of the process end.
    pub fn calls_waiting(&self) -> usize {
        self.0.gate.waiting()
    }

    /// Requests that are under way at this moment.
    pub fn calls_in_flight(&self) -> usize {
        self.0.gate.in_flight()
    }

    /// Reads that Google answered, so far: they are counted, and have no row.
    pub fn good_reads(&self) -> u64 {
        self.0.good_reads.load(Ordering::Relaxed)
    }

    fn count_good_read(&self) {
        self.0.good_reads.fetch_add(1, Ordering::Relaxed);
    }

    fn outage_window(&self) -> MutexGuard<'_, OutageWindow> {
        self.0.outage_window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    pub(crate) fn new_id(&self) -> String {
        calsync_core::ids::new_id(self.now(), self.entropy())
    }
}

/// `google`, whose requests go through `gate`.
fn gated(
    google: &GoogleClient,
    gate: &Arc<Gate>,
    account: Option<Account>,
    may_send: MaySend,
) -> GoogleClient {
    let gate = gate.clone();
    google.through(|transport| Arc::new(Gated { gate, account, may_send, transport }))
}
