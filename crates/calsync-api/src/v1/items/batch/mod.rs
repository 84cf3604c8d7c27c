//! `POST /api/v1/items/batch`: up to 10,000 lines of NDJSON, answered line by line in order.
//!
//! Lines are stored in slices of one transaction each, and a slice is answered after its commit. A
//! bad line fails alone. If a slice can't be stored, its lines and those after it say so, and
//! nothing more is tried: the same batch can be sent again.

mod line;
mod response;
mod slice;

use std::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::BatchSlot;
use calsync_http::app_state::{AppState, TraceId};
use calsync_http::client::Client;
use calsync_http::idempotency::ServerFault;
use calsync_http::input::Query;
use calsync_http::panics::caught;
use calsync_http::problem::{Kind, Problem};
use calsync_http::route::NDJSON;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use tracing::{Instrument, Span};

use self::line::{Line, Lines};
use self::response::Answers;
use crate::v1::items::change::ChangeResult;

/// The most lines of a batch.
const LINES_MAX: usize = 10_000;
/// The most lines of one transaction.
const SLICE_LINES_MAX: usize = 500;

/// A batch on its way through.
struct Batch {
    app: AppState,
    api_client: ApiClient,
    trace: TraceId,
    client: Option<Client>,
    lines: Lines,
    faulted: ServerFault,
    /// Why nothing more is tried.
    stopped: Option<Problem>,
    _slot: BatchSlot,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    api_client: ApiClient,
    Extension(trace): Extension<TraceId>,
    Extension(slot): Extension<BatchSlot>,
    client: Option<Extension<Client>>,
    mut query: Query,
    body: Bytes,
) -> Result<Response, Problem> {
    if query.has("snapshot") {
        query.take("snapshot");
        query.refuse("snapshot", "is not available yet");
    }
    query.end()?;
    let lines = Lines::new(body);
    if lines.count_is_over(LINES_MAX) {
        return Err(Problem::new(Kind::TooLarge).detail(format!("the batch has more than {LINES_MAX} lines")));
    }
    let faulted = ServerFault::default();
    let client = client.map(|Extension(client)| client);
    let batch =
        Batch { app, api_client, trace, client, lines, faulted: faulted.clone(), stopped: None, _slot: slot };
    // The answer is streamed when the request's own span is over.
    let span = Span::current();
    let answers = stream::unfold(batch, move |mut batch| {
        let next = async move {
            let answers = batch.next_slice().await?;
            Some((Ok::<_, Infallible>(answers), batch))
        };
        next.instrument(span.clone())
    });
    let mut response = ([(CONTENT_TYPE, NDJSON)], Body::from_stream(answers)).into_response();
    response.extensions_mut().insert(faulted);
    Ok(response)
}

impl Batch {
    /// Stores the next slice and gives its answers; none: the batch is through.
    async fn next_slice(&mut self) -> Option<Bytes> {
        let slice: Vec<Line> = self.lines.by_ref().take(SLICE_LINES_MAX).collect();
        if slice.is_empty() {
            return None;
        }
        let mut results = Vec::new();
        if self.stopped.is_none() {
            let stored = caught(slice::store(&self.app, &self.api_client, &slice)).await;
            match stored.and_then(|stored| stored.map_err(Problem::from)) {
                Ok(stored) => results = stored,
                Err(problem) => self.stop(problem),
            }
        }
        let mut answers = Answers::new(&self.trace.0);
        match &self.stopped {
            None => slice.iter().zip(&results).for_each(|(line, result)| answers.push(line, result)),
            Some(problem) => {
                let refused = ChangeResult::Refused(problem.clone());
                slice.iter().for_each(|line| answers.push(line, &refused));
            }
        }
        Some(answers.into_bytes())
    }

    fn stop(&mut self, problem: Problem) {
        calsync_http::response::log(&problem, self.client);
        self.faulted.raise();
        self.stopped = Some(problem);
    }
}
