//! What every part of the engine works with: the store, Google, time, chance and the rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calsync_core::env::{Clock, Entropy};
use calsync_core::network::Network;
use calsync_core::policy::Policy;
use calsync_google::GoogleClient;
use calsync_store::Store;
use calsync_store::integrations::Integration;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio_util::task::TaskTracker;

use crate::google::{GateLimits, Google};
use crate::metrics::Metrics;
use crate::trace;
use crate::webhook_client::Webhook;

/// The rules of a deployment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where users reach us, without a slash at the end.
    pub public_url: String,
    /// The platform's name, for people.
    pub platform_name: String,
    /// The platform's own page to connect on, for messages.
    pub connect_url: Option<String>,
    /// Where a connect link may lead back to.
    pub return_urls: Vec<String>,
    /// Who may say for whom it sends a request on.
    pub trusted_proxies: Vec<Network>,
    /// What syncs as what, unless a user chose otherwise.
    pub policy: Policy,
    /// Whether an OAuth client is configured at all.
    pub google_is_configured: bool,
    /// Whether a disconnect ends the grant at Google.
    pub revoke: bool,
    /// Calls to Google under way at once, of the whole process.
    pub calls_in_flight: usize,
    /// Calls to Google under way at once for one integration.
    pub calls_in_flight_per_integration: usize,
    /// Units of Google's quota that this process uses of one Google account in a minute; 0 is no limit.
    pub user_quota_per_minute: u32,
    /// Items that a pass looks at; the rest follow in the next one.
    pub mappings_per_pass: usize,
    /// For how many days attempts that failed are kept.
    pub retention_days: u16,
    /// For how many days attempts that succeeded are kept, if that is shorter.
    pub success_retention_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:4300".into(),
            platform_name: "calsync".into(),
            connect_url: None,
            return_urls: Vec::new(),
            trusted_proxies: Vec::new(),
            policy: Policy::default(),
            google_is_configured: true,
            revoke: true,
            calls_in_flight: 100,
            calls_in_flight_per_integration: 8,
            user_quota_per_minute: 600,
            mappings_per_pass: 200,
            retention_days: 30,
            success_retention_days: 3,
        }
    }
}

/// What an engine is made of.
pub struct EngineOptions {
    /// The store.
    pub store: Store,
    /// Google.
    pub google: GoogleClient,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Unguessable bytes for ids, keys and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// The rules.
    pub settings: Settings,
    /// The platform's webhook, if it has one.
    pub webhook: Option<Webhook>,
}

/// The engine, cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    options: EngineOptions,
    google: Google,
    metrics: Arc<Metrics>,
    work: Notify,
    disconnects: Notify,
    webhooks: Notify,
    tasks: TaskTracker,
    is_shutting_down: AtomicBool,
    has_work_waiting: AtomicBool,
}

impl Engine {
    /// Puts an engine together; it does nothing by itself. See [`crate::worker::run`].
    pub fn new(options: EngineOptions) -> Self {
        let limits = GateLimits {
            in_flight: options.settings.calls_in_flight,
            user_per_minute: options.settings.user_quota_per_minute,
        };
        let metrics = Metrics::new();
        let seams = (options.clock.clone(), options.entropy.clone());
        let google =
            Google::new(options.google.clone(), options.store.clone(), seams, limits, metrics.clone());
        let [work, disconnects, webhooks] = [(); 3].map(|()| Notify::new());
        Self(Arc::new(Inner {
            options,
            google,
            metrics,
            work,
            disconnects,
            webhooks,
            tasks: TaskTracker::new(),
            is_shutting_down: AtomicBool::new(false),
            has_work_waiting: AtomicBool::new(false),
        }))
    }

    /// Runs what somebody waits for at a page, to its end, also if they give up waiting: what Google
    /// answered has to be stored, since a code is good once and a rotated token replaces the one before.
    /// The end of the process waits for it, too ([`Engine::ended`]). A panic is the caller's.
    pub async fn run_to_end<Work>(&self, work: impl FnOnce(Self) -> Work) -> Work::Output
    where
        Work: Future<Output: Send> + Send + 'static,
    {
        let task = self.0.tasks.spawn(trace::carried(work(self.clone())));
        match task.await.map_err(JoinError::try_into_panic) {
            Ok(done) => done,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // Nobody aborts it but a runtime at its end, which drops the caller as well.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    /// From here on passes send no further call.
    pub(crate) fn begin_shutdown(&self) {
        self.0.is_shutting_down.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.0.is_shutting_down.load(Ordering::Relaxed)
    }

    /// Whether more may be due than there are places for passes, as the worker saw it last.
    pub(crate) fn has_work_waiting(&self) -> bool {
        self.0.has_work_waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn set_work_waiting(&self, waits: bool) {
        self.0.has_work_waiting.store(waits, Ordering::Relaxed);
    }

    /// Waits until all that runs to its end has ended. Nobody may begin more.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.options.store
    }

    /// Google, and the one way to it.
    pub fn google(&self) -> &Google {
        &self.0.google
    }

    /// What this process counts.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }

    /// Unguessable bytes for ids, keys and jitter.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.options.entropy
    }

    /// The rules.
    pub fn settings(&self) -> &Settings {
        &self.0.options.settings
    }

    /// The platform's webhook, if it has one.
    pub fn webhook(&self) -> Option<&Webhook> {
        self.0.options.webhook.as_ref()
    }

    /// Work may be due: for after a commit that touched mappings. Only a hint; polling is the truth.
    pub fn hint(&self) {
        self.0.work.notify_one();
    }

    pub(crate) async fn hinted(&self) {
        self.0.work.notified().await;
    }

    /// A disconnect was started. Only a hint, too.
    pub(crate) fn hint_disconnects(&self) {
        self.0.disconnects.notify_one();
    }

    pub(crate) async fn hinted_of_disconnects(&self) {
        self.0.disconnects.notified().await;
    }

    /// The webhook may be due something. Only a hint, too.
    pub(crate) fn hint_webhooks(&self) {
        self.0.webhooks.notify_one();
    }

    pub(crate) async fn hinted_of_webhooks(&self) {
        self.0.webhooks.notified().await;
    }

    /// A new id.
    pub fn new_id(&self) -> String {
        calsync_core::ids::new_id(self.now(), self.entropy())
    }

    /// The rules for one integration: the deployment's, with what its user turned off.
    pub fn policy(&self, integration: &Integration) -> Policy {
        let mut policy = self.settings().policy.clone();
        policy.disabled_kinds.extend(integration.disabled_kinds.iter().copied());
        policy
    }
}
