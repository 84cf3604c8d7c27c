//! The transport of the simulated deployment. A call parks here until the scheduler decides what
//! becomes of it; outside of jobs calls go straight through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body as AxumBody;
use bytes::Bytes;
use calsync_google::{Transport, TransportError, TransportFailure};
use calsync_simulator::LostResponse;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tower::ServiceExt;

use calsync_core::seams::Clock;

use crate::clock::HandClock;

type Answer = Result<Response<Bytes>, TransportError>;

/// A call that waits for the scheduler.
pub(crate) struct Parked {
    pub(crate) job: u64,
    pub(crate) sent_at: Timestamp,
    request: Request<Bytes>,
    reply: oneshot::Sender<Answer>,
}

/// The transport. Clones share their calls.
#[derive(Clone)]
pub(crate) struct Seam {
    google: Router,
    clock: HandClock,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    /// The job that is polled at this moment.
    job: Option<u64>,
    parked: Vec<Parked>,
}

impl Seam {
    pub(crate) fn new(google: Router, clock: HandClock) -> Self {
        Self { google, clock, calls: Arc::default() }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose calls come next; `None`: nobody's, they go straight through.
    pub(crate) fn enter(&self, job: Option<u64>) {
        self.calls().job = job;
    }

    pub(crate) fn parked_of(&self, job: u64) -> usize {
        self.calls().parked.iter().filter(|call| call.job == job).count()
    }

    pub(crate) fn parked(&self) -> usize {
        self.calls().parked.len()
    }

    /// Takes the call at `index`.
    pub(crate) fn take(&self, index: usize) -> Parked {
        self.calls().parked.remove(index)
    }

    /// Takes the first call that was sent before `time`.
    pub(crate) fn take_older_than(&self, time: Timestamp) -> Option<Parked> {
        let mut calls = self.calls();
        let index = calls.parked.iter().position(|call| call.sent_at <= time)?;
        Some(calls.parked.remove(index))
    }

    /// Drops every parked call, as a crash does.
    pub(crate) fn drop_all(&self) -> Vec<Parked> {
        std::mem::take(&mut self.calls().parked)
    }

    /// Carries a request to Google.
    pub(crate) async fn deliver(&self, request: Request<Bytes>) -> Answer {
        let request = request.map(AxumBody::from);
        let response = match self.google.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if response.extensions().get::<LostResponse>().is_some() {
            return Err(broken(TransportFailure::NoAnswer));
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| broken(TransportFailure::NoAnswer))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

/// How the network fails.
pub(crate) fn broken(kind: TransportFailure) -> TransportError {
    TransportError { kind, message: "the simulated network".into() }
}

impl Parked {
    /// What it asks, without ids: `POST events`.
    pub(crate) fn name(&self) -> String {
        let path = self.request.uri().path();
        let last = path.rsplit('/').find(|part| part.len() < 20).unwrap_or(path);
        format!("{} {last}", self.request.method())
    }

    /// Google gets it, and its answer arrives.
    pub(crate) async fn answer(self, seam: &Seam) {
        let answer = seam.deliver(self.request).await;
        // A job that is gone doesn't hear it.
        let _ = self.reply.send(answer);
    }

    /// Google gets it, and its answer is lost or comes too late.
    pub(crate) async fn lose_answer(self, seam: &Seam, kind: TransportFailure) {
        // Its effect is what counts.
        let _ = seam.deliver(self.request).await;
        let _ = self.reply.send(Err(broken(kind)));
    }

    /// Google never gets it.
    pub(crate) fn fail(self, kind: TransportFailure) {
        let _ = self.reply.send(Err(broken(kind)));
    }
}

impl Transport for Seam {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Answer> {
        let mut calls = self.calls();
        let Some(job) = calls.job else {
            drop(calls);
            return Box::pin(self.deliver(request));
        };
        let (reply, answer) = oneshot::channel();
        calls.parked.push(Parked { job, sent_at: self.clock.now(), request, reply });
        drop(calls);
        Box::pin(async { answer.await.unwrap_or_else(|_| Err(broken(TransportFailure::NoAnswer))) })
    }
}
