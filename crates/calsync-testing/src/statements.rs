//! What a piece of work sends to its database: statements with their times and, where Postgres is asked to
//! tell them, notices such as plans.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Instrument, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// The span by which the events of a piece of work are known, on SQLite's own thread too.
const SPAN: &str = "recorded";

/// A statement that was run.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// How long it took, with what it answered.
    pub elapsed: Duration,
}

/// What was recorded, in order.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The statements.
    pub statements: Vec<Statement>,
    /// What the server said beside its answers.
    pub notices: Vec<String>,
}

/// What is being recorded, by the ids of its spans.
static RECORDS: OnceLock<Mutex<HashMap<u64, Recorded>>> = OnceLock::new();

fn with_records<T>(work: impl FnOnce(&mut HashMap<u64, Recorded>) -> T) -> T {
    let records = RECORDS.get_or_init(Mutex::default);
    work(&mut records.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs `work`, and gives what it sent. A statement of SQLite's may be missed as the last of all: let one
/// follow that doesn't matter.
///
/// # Panics
/// If something else keeps the log of this process.
pub async fn recorded<T>(work: impl Future<Output = T>) -> (T, Recorded) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        tracing::subscriber::set_global_default(Registry::default().with(Recorder))
            .expect("the only log of this process");
    });
    let span = tracing::info_span!("recorded");
    let id = span.id().expect("a span that is on").into_u64();
    with_records(|records| records.insert(id, Recorded::default()));
    let done = work.instrument(span).await;
    (done, with_records(|records| records.remove(&id)).unwrap_or_default())
}

struct Recorder;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let target = event.metadata().target();
        if target != "sqlx::query" && target != "sqlx::postgres::notice" {
            return;
        }
        let Some(mut scope) = context.event_scope(event) else { return };
        let Some(span) = scope.find(|span| span.name() == SPAN) else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        with_records(|records| {
            let Some(record) = records.get_mut(&span.id().into_u64()) else { return };
            match fields.message {
                Some(notice) => record.notices.push(notice),
                None => record.statements.push(Statement {
                    // A short text is its own summary.
                    sql: if fields.sql.is_empty() { fields.summary } else { fields.sql.trim().to_owned() },
                    elapsed: Duration::from_secs_f64(fields.seconds),
                }),
            }
        });
    }
}

#[derive(Default)]
struct Fields {
    summary: String,
    sql: String,
    seconds: f64,
    message: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.sql = value.to_owned(),
            "message" => self.message = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.seconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
