//! What a process counts of its work. `docs/metrics.md` tells what each metric means; [`crate::scrape`] adds what is
//! read only when somebody asks.
//!
//! Each engine counts for itself: nothing is global, since tests run many in one process. A label takes names of
//! ours, of Google's methods or of routes, and so few values: never an id or an address.

use std::sync::Arc;
use std::time::Duration;

use calsync_core::integration::IntegrationState;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_core::webhook::DeliveryState;
use calsync_google::{CallObserver, ErrorSource, Failure, SentCall};
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What every name begins with.
pub(crate) const PREFIX: &str = "calsync";
/// The jobs of a worker.
const JOBS: [&str; 6] = ["pass", "disconnect", "user_deletion", "delivery", "roll_up", "maintenance"];
/// How a job can end.
const JOB_OUTCOMES: [&str; 6] = ["done", "lease_lost", "failed", "panicked", "timed_out", "dropped"];
/// The reason of what succeeded.
const NONE: &str = "none";
/// Bounds of durations in seconds: requests take milliseconds, a call to Google up to 10 s.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Names and values of labels.
pub(crate) type Labels<const N: usize> = [(&'static str, &'static str); N];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

/// How many connections are in each state, and when they were counted.
pub(crate) type CountedConnections = (Timestamp, Vec<(IntegrationState, i64)>);

/// The counters of one engine.
pub struct Metrics {
    pub(crate) registry: Registry,
    /// Kept for a while, since counting them reads them all.
    pub(crate) connections: Mutex<Option<CountedConnections>>,
    jobs: Family<Labels<2>, Counter>,
    job_seconds: Family<Labels<1>, Histogram>,
    jobs_in_progress: Family<Labels<1>, Gauge>,
    calls: Family<Labels<2>, Counter>,
    call_seconds: Family<Labels<1>, Histogram>,
    token_refreshes: Family<Labels<1>, Counter>,
    attempts: Family<Labels<2>, Counter>,
    deliveries: Family<Labels<1>, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<Labels<2>, Histogram>,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register(
            "build",
            "The running version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let mut register = Register(&mut registry);
        let metrics = Self {
            connections: Mutex::default(),
            jobs: register.metric("jobs", "Jobs of the worker that ended"),
            job_seconds: register.seconds("job_duration_seconds", "How long jobs took"),
            jobs_in_progress: register.metric("jobs_in_progress", "Jobs that run at this moment"),
            calls: register.metric("google_calls", "Calls that were sent to Google"),
            call_seconds: register.seconds("google_call_duration_seconds", "How long calls to Google took"),
            token_refreshes: register
                .metric("token_refreshes", "Access tokens that Google was asked to renew"),
            attempts: register.metric("attempts", "Outcomes of operations at Google, good reads among them"),
            deliveries: register.metric("webhook_deliveries", "Tries to deliver to the platform's webhook"),
            requests: register.metric("http_requests", "Requests that were answered"),
            request_seconds: register.seconds("http_request_duration_seconds", "How long answers took"),
            registry,
        };
        metrics.begin_at_zero();
        Arc::new(metrics)
    }

    /// Makes the counters whose labels are known from the first, so that the first failure is a rise, too.
    fn begin_at_zero(&self) {
        for job in JOBS {
            drop(self.jobs_in_progress.get_or_create(&[("job", job)]));
            drop(self.job_seconds.get_or_create(&[("job", job)]));
            for outcome in JOB_OUTCOMES {
                drop(self.jobs.get_or_create(&[("job", job), ("outcome", outcome)]));
            }
        }
        for state in DeliveryState::ALL {
            drop(self.deliveries.get_or_create(&[("state", state.name())]));
        }
        drop(self.token_refreshes.get_or_create(&[("reason", NONE)]));
    }

    /// Counts a job from here on to its end, however it ends.
    pub(crate) fn begin_job(&self, job: &'static str) -> JobRun<'_> {
        self.jobs_in_progress.get_or_create(&[("job", job)]).inc();
        JobRun { metrics: self, job, began: Instant::now(), outcome: "dropped" }
    }

    /// Counts how an operation at Google ended.
    pub(crate) fn count_attempt(&self, operation: Operation, outcome: Outcome) {
        self.attempts.get_or_create(&[("operation", operation.name()), ("outcome", outcome.name())]).inc();
    }

    /// Counts a try to deliver, which left the delivery in `state`.
    pub(crate) fn count_delivery(&self, state: DeliveryState) {
        self.deliveries.get_or_create(&[("state", state.name())]).inc();
    }

    /// Counts a request to `route`, which was answered after `took`.
    pub fn count_request(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        let seconds = self.request_seconds.get_or_create(&[("method", method), ("route", route)]);
        seconds.observe(took.as_secs_f64());
    }
}

impl CallObserver for Metrics {
    fn on_call(&self, call: &SentCall<'_>) {
        let reason = call.failure.map_or(NONE, |Failure { reason, .. }| Reason::name(*reason));
        self.calls.get_or_create(&[("method", call.method), ("reason", reason)]).inc();
        self.call_seconds.get_or_create(&[("method", call.method)]).observe(call.took.as_secs_f64());
        if call.source == ErrorSource::Token(Operation::Refresh) {
            self.token_refreshes.get_or_create(&[("reason", reason)]).inc();
        }
    }
}

/// A job that runs.
pub(crate) struct JobRun<'a> {
    metrics: &'a Metrics,
    job: &'static str,
    began: Instant,
    /// How it ends if nothing more is heard of it.
    outcome: &'static str,
}

impl JobRun<'_> {
    pub(crate) fn ends(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for JobRun<'_> {
    fn drop(&mut self) {
        let job = ("job", self.job);
        self.metrics.jobs_in_progress.get_or_create(&[job]).dec();
        self.metrics.jobs.get_or_create(&[job, ("outcome", self.outcome)]).inc();
        self.metrics.job_seconds.get_or_create(&[job]).observe(self.began.elapsed().as_secs_f64());
    }
}

/// Makes metrics that a registry knows.
struct Register<'a>(&'a mut Registry);

impl Register<'_> {
    fn metric<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.add(name, help, M::default())
    }

    fn seconds<const N: usize>(&mut self, name: &str, help: &str) -> Family<Labels<N>, Histogram> {
        self.add(name, help, Family::new_with_constructor(|| Histogram::new(SECONDS)))
    }

    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }
}
