//! What moves on a connection. Frames alone are none of it: pings and window updates cost a client nothing,
//! and would keep a connection for ever whose answers nobody takes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

/// The activity of one connection. Clones are one.
#[derive(Clone)]
pub(super) struct Activity(Arc<Inner>);

struct Inner {
    began: Instant,
    /// When a request last began or ended, or a part of a body moved, in milliseconds since it began.
    progress_ms: AtomicU64,
    /// Requests that are with their handlers, body and all.
    handled: AtomicUsize,
}

impl Activity {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self(Arc::new(Inner { began, progress_ms: AtomicU64::new(0), handled: AtomicUsize::new(0) }))
    }

    fn progressed(&self) {
        let passed = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.progress_ms.store(passed, Ordering::Relaxed);
    }

    /// Whether a request is with its handler.
    pub(super) fn is_handling(&self) -> bool {
        self.0.handled.load(Ordering::Relaxed) > 0
    }

    /// Marks the time in which `request` is worked on.
    pub(super) async fn during<T>(&self, request: impl Future<Output = T>) -> T {
        let _handling = Handling::begin(self);
        request.await
    }

    /// Waits until nothing has moved for `idle_max`.
    pub(super) async fn stalled(&self, idle_max: Duration) {
        loop {
            let progress = Duration::from_millis(self.0.progress_ms.load(Ordering::Relaxed));
            let ends = self.0.began + progress + idle_max;
            if ends <= Instant::now() {
                return;
            }
            sleep_until(ends).await;
        }
    }
}

/// A request while it is with its handler, also if that is dropped or panics.
struct Handling<'a>(&'a Activity);

impl<'a> Handling<'a> {
    fn begin(activity: &'a Activity) -> Self {
        activity.progressed();
        activity.0.handled.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Handling<'_> {
    fn drop(&mut self) {
        self.0.0.handled.fetch_sub(1, Ordering::Relaxed);
        self.0.progressed();
    }
}

/// A body whose parts count as progress of its connection; it holds `held` until it is sent or dropped.
pub(super) struct Watched<H> {
    body: Body,
    activity: Activity,
    _held: H,
}

impl<H> Watched<H> {
    pub(super) fn new(body: Body, activity: Activity, held: H) -> Self {
        Self { body, activity, _held: held }
    }
}

impl<H: Unpin> HttpBody for Watched<H> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.activity.progressed();
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
