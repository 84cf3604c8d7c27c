//! What `/metrics` answers: what [`crate::metrics`] counted, and beside it how things stand at this moment, some of
//! it read from the store.
//!
//! What can't be read in time is left out, and `calsync_database_up` says so: the rest is wanted most when the
//! database doesn't answer.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use calsync_core::integration::IntegrationState;
use calsync_core::pause::PauseScope;
use calsync_store::{freshness, leases, overview, pauses};
use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use tokio::time::timeout;

use crate::metrics::{Labels, PREFIX};
use crate::{Engine, EngineError};

pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// How long the store has for its figures: less than scrapers wait for an answer.
const FIGURES_WITHIN: Duration = Duration::from_secs(2);
/// How long the number of connections in each state is good for: counting reads them all.
const CONNECTIONS_COUNTED_FOR: SignedDuration = SignedDuration::from_mins(1);
/// Waiting changes among which the oldest is looked for, those that are due first.
const WAITING_CHANGES_MAX: i64 = 10_000;

/// What is read from the store.
struct Figures {
    due_lag: SignedDuration,
    freshness: SignedDuration,
    webhook_due_lag: SignedDuration,
    connections: Vec<(IntegrationState, i64)>,
    pauses: Vec<PauseScope>,
}

/// All metrics in Prometheus' text format.
pub async fn scrape(engine: &Engine) -> String {
    let mut text = String::new();
    for registry in [&engine.metrics().registry, &now(engine).await] {
        // Writing into memory doesn't fail.
        let _ = encode(&mut text, registry);
    }
    text
}

/// How things stand.
async fn now(engine: &Engine) -> Registry {
    let mut gauges = Gauges(Registry::with_prefix(PREFIX));
    add_permits(&mut gauges, engine);
    add_pools(&mut gauges, engine);
    let figures = match timeout(FIGURES_WITHIN, figures(engine)).await {
        Ok(Ok(figures)) => Some(figures),
        Ok(Err(error)) => {
            tracing::warn!(%error, "could not read the figures of the metrics");
            None
        }
        Err(_) => {
            tracing::warn!("the figures of the metrics took too long");
            None
        }
    };
    gauges.set(
        "database_up",
        "Whether the database gave its figures in time",
        f64::from(u8::from(figures.is_some())),
    );
    if let Some(figures) = figures {
        add_figures(&mut gauges, &figures);
    }
    gauges.0
}

fn add_permits(gauges: &mut Gauges, engine: &Engine) {
    let (limit, google) = (engine.settings().calls_in_flight.max(1), engine.google());
    gauges.set("google_permits", "Calls to Google that may run at once", float(limit));
    gauges.set(
        "google_permits_in_use",
        "Calls to Google that run at this moment",
        float(google.calls_in_flight()),
    );
    gauges.set(
        "google_permits_waiting",
        "Calls to Google that wait for their turn",
        float(google.calls_waiting()),
    );
}

fn add_pools(gauges: &mut Gauges, engine: &Engine) {
    let pools = engine.store().pools();
    let by_pool = |value: &dyn Fn(&calsync_store::PoolUsage) -> f64| -> Vec<(&'static str, f64)> {
        pools.iter().map(|pool| (pool.name, value(pool))).collect()
    };
    let open = by_pool(&|pool| float(pool.connections));
    gauges.set_each("database_connections", "Open connections to the database", "pool", open);
    let idle = by_pool(&|pool| float(pool.idle));
    gauges.set_each("database_connections_idle", "Open connections that nobody uses", "pool", idle);
    let waiting = by_pool(&|pool| float(pool.waiting));
    gauges.set_each("database_waiting", "Transactions that wait for a connection", "pool", waiting);
    let begun = by_pool(&|pool| pool.begun as f64);
    gauges.count_each("database_transactions", "Transactions that were begun", "pool", begun);
    let waited = by_pool(&|pool| pool.waited.as_secs_f64());
    gauges.count_each("database_wait_seconds", "Time that transactions waited to begin", "pool", waited);
}

fn add_figures(gauges: &mut Gauges, figures: &Figures) {
    let Figures { due_lag, freshness, webhook_due_lag, connections, pauses } = figures;
    gauges.set(
        "due_lag_seconds",
        "How long the work that is due first waits for a worker",
        due_lag.as_secs_f64(),
    );
    gauges.set(
        "freshness_seconds",
        "Age of the oldest change that is not in Google yet",
        freshness.as_secs_f64(),
    );
    let lag = webhook_due_lag.as_secs_f64();
    gauges.set("webhook_due_lag_seconds", "How long the delivery that is due first waits to be sent", lag);
    let count = |state: IntegrationState| {
        let counted = connections.iter().find(|(counted, _)| *counted == state);
        (state.name(), counted.map_or(0.0, |(_, count)| *count as f64))
    };
    let connections = IntegrationState::ALL.iter().copied().map(count).collect();
    gauges.set_each("connections", "Google connections by the state that is shown", "state", connections);
    let stands = |scope: &PauseScope| (scope.name(), f64::from(u8::from(pauses.contains(scope))));
    let pauses = PauseScope::ALL.iter().map(stands).collect();
    gauges.set_each("pauses", "Whether a pause of this scope stands", "scope", pauses);
}

async fn figures(engine: &Engine) -> Result<Figures, EngineError> {
    // One scrape at a time: whoever asks often loads the database no more.
    let mut counted = engine.metrics().connections.lock().await;
    let mut tx = engine.store().read().await?;
    let now = engine.now();
    let since = |time: Option<Timestamp>| {
        time.map_or(SignedDuration::ZERO, |time| now.duration_since(time)).max(SignedDuration::ZERO)
    };
    let (counted_at, connections) = match counted.take() {
        Some((at, connections)) if now.duration_since(at) < CONNECTIONS_COUNTED_FOR => (at, connections),
        _ => (now, overview::connections(&mut tx, now).await?),
    };
    let figures = Figures {
        due_lag: since(leases::passes::next_due(&mut tx, now).await?),
        freshness: since(freshness::oldest_waiting(&mut tx, WAITING_CHANGES_MAX).await?),
        webhook_due_lag: since(leases::deliveries::next_due(&mut tx).await?),
        connections: connections.clone(),
        pauses: pauses::standing(&mut tx, now).await?.into_iter().map(|pause| pause.scope).collect(),
    };
    *counted = Some((counted_at, connections));
    Ok(figures)
}

fn float(count: usize) -> f64 {
    count as f64
}

/// Metrics of one scrape.
struct Gauges(Registry);

impl Gauges {
    fn set(&mut self, name: &str, help: &str, value: f64) {
        self.0.register(name, help, ConstGauge::new(value));
    }

    fn set_each(&mut self, name: &str, help: &str, label: &'static str, values: Vec<(&'static str, f64)>) {
        let family = Family::<Labels<1>, Gauge<f64, AtomicU64>>::default();
        for (name, value) in values {
            family.get_or_create(&[(label, name)]).set(value);
        }
        self.0.register(name, help, family);
    }

    fn count_each(&mut self, name: &str, help: &str, label: &'static str, values: Vec<(&'static str, f64)>) {
        let family = Family::<Labels<1>, Counter<f64, AtomicU64>>::default();
        for (name, value) in values {
            family.get_or_create(&[(label, name)]).inc_by(value);
        }
        self.0.register(name, help, family);
    }
}
