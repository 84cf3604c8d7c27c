//! Names what one request, pass or other job does, so that it can be followed: its trace id stands in every log line
//! that is written meanwhile, and in the attempts that it stores.

use tracing::field::display;
use tracing::{Instrument, Span};

tokio::task_local! {
    static TRACE_ID: Option<String>;
}

/// The trace id of what runs here, if it has one.
pub fn current() -> Option<String> {
    TRACE_ID.try_with(Clone::clone).ok().flatten()
}

/// Runs `work` in `span`, under the trace id of what asked for it, or else under a `new` one, which `span` tells in its
/// field `trace_id`.
pub async fn traced<Work: Future>(span: Span, new: impl FnOnce() -> String, work: Work) -> Work::Output {
    let trace_id = current().unwrap_or_else(|| {
        let trace_id = new();
        span.record("trace_id", display(&trace_id));
        trace_id
    });
    TRACE_ID.scope(Some(trace_id), work.instrument(span)).await
}

/// `work` for a task of its own, as a part of what runs here.
pub(crate) fn carried<Work: Future>(work: Work) -> impl Future<Output = Work::Output> {
    TRACE_ID.scope(current(), work.in_current_span())
}
