//! The one way to Google. Whatever is called for a connection goes through an [`AuthorizedClient`], which has a
//! fresh token, waits for its turn at the [`gate`] and notes what came of it ([`journal`]); consents, which belong
//! to no connection yet, go through [`Google::client`] and the same gate.

mod authorized_client;
mod call_error;
mod dead_grant;
mod gate;
mod idle;
mod journal;
mod pauses;

pub(crate) use authorized_client::{AuthorizedClient, Lane, grant, is_over, local_failure};
pub use call_error::CallError;
pub use dead_grant::dead_grant;
pub use gate::CALL_LIMIT;
pub(crate) use gate::GateLimits;
pub(crate) use gate::lease_covers_call;
pub(crate) use idle::wake_idle;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calsync_core::env::{Clock, Entropy};
use calsync_core::pause::OutageWindow;
use calsync_google::GoogleClient;
use calsync_store::Store;
use jiff::Timestamp;

use crate::metrics::Metrics;
use gate::{Account, Gate, Gated, MaySend};

/// Google as the engine reaches it, with the store that holds its tokens. Cheap to clone.
#[derive(Clone)]
pub struct Google(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Behind the gate, for what belongs to no connection.
    client: GoogleClient,
    /// Before the gate: what is sent through it is counted by nobody.
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
