//! Who hears of each call, for whatever is counted; and how long a call took, without what held it back.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;

use crate::failure::{ErrorSource, Failure};
use crate::transport::{Body, Transport, TransportError};

/// Hears of each call to Google that was sent, once it has ended.
pub trait CallObserver: Send + Sync {
    /// A call has ended.
    fn on_call(&self, call: &SentCall<'_>);
}

/// A call that was sent.
#[derive(Clone, Copy, Debug)]
pub struct SentCall<'a> {
    /// The method's name in Google's documents, as in `events.insert`.
    pub method: &'static str,
    /// What was asked.
    pub source: ErrorSource,
    /// From when the network got it to the end of its answer.
    pub took: Duration,
    /// Why it did not succeed.
    pub failure: Option<&'a Failure>,
}

/// When the network got a request. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentAt(Arc<OnceLock<Instant>>);

impl SentAt {
    /// How long ago that was; none: something held the request back for good.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.0.get().map(Instant::elapsed)
    }
}

/// A transport that tells a request's [`SentAt`]: the lowest, below all that may hold a request back.
pub(crate) struct Timed(pub(crate) Arc<dyn Transport>);

impl Transport for Timed {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        if let Some(SentAt(sent_at)) = request.extensions().get() {
            sent_at.get_or_init(Instant::now);
        }
        self.0.send(request)
    }
}
