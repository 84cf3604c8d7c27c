//! The transport of the simulated deployment, to Google and to the platform's webhook. A call parks here
//! until the scheduler decides what becomes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body as AxumBody;
use bytes::Bytes;
use calsync_core::env::Clock;
use calsync_google::{Transport, TransportError, TransportFailure};
use calsync_simulator::LostResponse;
use calsync_testing::ManualClock;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tower::ServiceExt;

type Answer = Result<Response<Bytes>, TransportError>;

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// To Google's APIs.
    Calendar,
    /// To Google's OAuth.
    OAuth,
    /// To the platform's webhook.
    Webhook,
}

/// The host of the platform's webhook.
pub(crate) const WEBHOOK_HOST: &str = "hook.test";

/// A call that waits for the scheduler.
pub(crate) struct PendingCall {
    pub(crate) job: u64,
    pub(crate) sent_at: Timestamp,
    pub(crate) peer: Peer,
    request: Request<Bytes>,
    reply: oneshot::Sender<Answer>,
}

/// The transport. Clones share their calls.
#[derive(Clone)]
pub(crate) struct SimTransport {
    google: Router,
    webhook: Router,
    clock: ManualClock,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    /// The job that is polled at this moment.
    job: Option<u64>,
    pending: Vec<PendingCall>,
    /// Where answers would have gone that a dead process doesn't hear. They are kept, so that no task
    /// of its goes on.
    unheard: Vec<oneshot::Sender<Answer>>,
    /// Calls that were sent by nobody's job.
    stray: usize,
}

impl SimTransport {
    pub(crate) fn new(google: Router, webhook: Router, clock: ManualClock) -> Self {
        Self { google, webhook, clock, calls: Arc::default() }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose calls come next.
    pub(crate) fn enter(&self, job: Option<u64>) {
        self.calls().job = job;
    }

    pub(crate) fn parked_of(&self, job: u64) -> usize {
        self.calls().pending.iter().filter(|call| call.job == job).count()
    }

    pub(crate) fn pending(&self) -> usize {
        self.calls().pending.len()
    }

    /// Whether a call waits to be answered by `peer`.
    pub(crate) fn is_calling(&self, peer: Peer) -> bool {
        self.calls().pending.iter().any(|call| call.peer == peer)
    }

    /// Whether a call was sent that no job made: it got no answer.
    pub(crate) fn had_stray_call(&self) -> bool {
        self.calls().stray > 0
    }

    /// Takes the call at `index`.
    pub(crate) fn take(&self, index: usize) -> PendingCall {
        self.calls().pending.remove(index)
    }

    /// Takes the first call that was sent before `time`.
    pub(crate) fn take_older_than(&self, time: Timestamp) -> Option<PendingCall> {
        let mut calls = self.calls();
        let index = calls.pending.iter().position(|call| call.sent_at <= time)?;
        Some(calls.pending.remove(index))
    }

    /// Takes every call: their jobs are gone.
    pub(crate) fn drop_all(&self) -> Vec<PendingCall> {
        std::mem::take(&mut self.calls().pending)
    }

    /// A browser's visit to Google, which nobody loses.
    pub(crate) async fn visit(&self, request: Request<Bytes>) -> Answer {
        self.deliver(Peer::OAuth, request).await
    }

    async fn deliver(&self, peer: Peer, request: Request<Bytes>) -> Answer {
        let router = if peer == Peer::Webhook { &self.webhook } else { &self.google };
        let response = match router.clone().oneshot(request.map(AxumBody::from)).await {
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

impl Peer {
    fn of(request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        match uri.host() {
            Some(WEBHOOK_HOST) => Self::Webhook,
            _ if uri.path().contains("/calendar/v3/") => Self::Calendar,
            _ => Self::OAuth,
        }
    }
}

impl PendingCall {
    /// What it asks, without ids: `POST events`.
    pub(crate) fn name(&self) -> String {
        let path = self.request.uri().path();
        let last = path.rsplit('/').find(|part| part.len() < 20).unwrap_or(path);
        format!("{} {last}", self.request.method())
    }

    /// The peer gets it, and its answer arrives.
    pub(crate) async fn answer(self, transport: &SimTransport) {
        let answer = transport.deliver(self.peer, self.request).await;
        // A job that is gone doesn't hear it.
        let _ = self.reply.send(answer);
    }

    /// The peer gets it, and its answer is lost or comes too late.
    pub(crate) async fn lose_answer(self, transport: &SimTransport, kind: TransportFailure) {
        // Its effect is what counts.
        let _ = transport.deliver(self.peer, self.request).await;
        let _ = self.reply.send(Err(broken(kind)));
    }

    /// Its process is dead: the peer may still get it, and nobody hears the answer.
    pub(crate) async fn abandon(self, transport: &SimTransport, is_delivered: bool) {
        if is_delivered {
            // Its effect is what counts.
            let _ = transport.deliver(self.peer, self.request).await;
        }
        transport.calls().unheard.push(self.reply);
    }

    /// The peer never gets it.
    pub(crate) fn fail(self, kind: TransportFailure) {
        let _ = self.reply.send(Err(broken(kind)));
    }

    /// The peer answers with this status, and does nothing.
    pub(crate) fn refuse(self, status: StatusCode) {
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = status;
        let _ = self.reply.send(Ok(answer));
    }
}

impl Transport for SimTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Answer> {
        let mut calls = self.calls();
        let Some(job) = calls.job else {
            calls.stray += 1;
            return Box::pin(async { Err(broken(TransportFailure::NotSent)) });
        };
        let (reply, answer) = oneshot::channel();
        let (peer, sent_at) = (Peer::of(&request), self.clock.now());
        calls.pending.push(PendingCall { job, sent_at, peer, request, reply });
        drop(calls);
        Box::pin(async { answer.await.unwrap_or_else(|_| Err(broken(TransportFailure::NoAnswer))) })
    }
}
