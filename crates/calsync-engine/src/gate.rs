//! The gate to Google: every call takes one permit right before it is sent and gives it back with its
//! answer.
//!
//! It stands at the transport, below everything that makes calls. Whoever waits here holds no other
//! permit, so callers can't wait for each other in a circle, however few permits there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use calsync_google::{Body, GoogleClient, Transport, TransportError, TransportFailure};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Whether a call may still be sent. Asked when its turn has come, since the wait may have been long.
type MaySend = Arc<dyn Fn() -> bool + Send + Sync>;

/// The permits of a process, and how many callers wait for one.
pub(crate) struct Permits {
    count: usize,
    free: Semaphore,
    waiting: AtomicUsize,
}

impl Permits {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, free: Semaphore::new(count), waiting: AtomicUsize::new(0) }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    pub(crate) fn in_use(&self) -> usize {
        self.count - self.free.available_permits()
    }

    async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        let _waiting = Waiting::new(&self.waiting);
        self.free.acquire().await
    }
}

/// Counts a caller while it waits, however its wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Gate {
    permits: Arc<Permits>,
    may_send: MaySend,
    transport: Arc<dyn Transport>,
}

/// `google`, whose calls share `permits`. One that may not be sent any more once its turn has come is
/// put off ([`calsync_google::Failure::is_put_off`]).
pub(crate) fn gated(
    google: &GoogleClient,
    permits: &Arc<Permits>,
    may_send: impl Fn() -> bool + Send + Sync + 'static,
) -> GoogleClient {
    let (permits, may_send): (_, MaySend) = (permits.clone(), Arc::new(may_send));
    google.through(|transport| Arc::new(Gate { permits, may_send, transport }))
}

impl Transport for Gate {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let permit = self.permits.acquire().await;
            if permit.is_err() || !(self.may_send)() {
                let message = "it may not be sent any more".to_owned();
                return Err(TransportError { kind: TransportFailure::PutOff, message });
            }
            self.transport.send(request).await
        })
    }
}
