//! Our own accept loop, since a server must not wait for ever: silent sockets, slow headers and
//! idle connections are closed, connections are counted, and shutdown drains within a stated time.
//!
//! Bodies have their own limits, by route: [`crate::guard`].

mod limited;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tower::ServiceExt;

use self::limited::Limited;
use crate::app_state::Peer;

/// The most header bytes of a request: more than browsers send.
const HEADER_BYTES_MAX: u32 = 32 << 10;
/// The most headers of a request.
const HEADERS_MAX: usize = 100;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// After an `accept` that failed, for want of file descriptors as a rule.
const AFTER_ACCEPT_FAILED: Duration = Duration::from_millis(100);

/// How long and how many.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; more wait in the system's queue.
    pub connections_max: usize,
    /// How long a request's headers may take from their first byte, and the first byte of all.
    pub headers_within: Duration,
    /// How long a connection may carry nothing in either direction: longer than the minute for which
    /// balancers keep theirs, so that none is closed while they use it.
    pub idle_max: Duration,
    /// How long requests under way have to end at shutdown.
    pub drain_within: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 2_048,
            headers_within: Duration::from_secs(10),
            idle_max: Duration::from_secs(75),
            drain_within: Duration::from_secs(20),
        }
    }
}

/// Serves `router` on `listener` until `shutdown`, then lets requests under way end within
/// `limits.drain_within` and cuts what is left.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let builder = Arc::new(builder(limits));
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = tokio::task::JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // What has ended is let go.
        while connections.try_join_next().is_some() {}
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => {
                let Some((socket, peer, permit)) = accepted else { continue };
                let one = connection(builder.clone(), (socket, peer), router.clone(), limits, graceful.watcher());
                connections.spawn(async move {
                    one.await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    if timeout(limits.drain_within, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            cut = connections.len(),
            "requests still in progress when the drain timeout ended were cut off"
        );
    }
}

fn builder(limits: ServeLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HEADER_BYTES_MAX as usize)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(limits.headers_within * 2)
        .keep_alive_timeout(limits.headers_within);
    builder
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, address)) => Some((socket, Peer(address.ip()), permit)),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection");
            // Trying again at once would spin.
            let _ = timeout(AFTER_ACCEPT_FAILED, std::future::pending::<()>()).await;
            None
        }
    }
}

async fn connection(
    builder: Arc<Builder<TokioExecutor>>,
    (socket, peer): (TcpStream, Peer),
    router: Router,
    limits: ServeLimits,
    watcher: Watcher,
) {
    // An answer is sent whole: waiting for more of it would only delay it.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    let socket = Limited::new(socket, limits.headers_within, limits.idle_max);
    let under_way = socket.under_way();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        under_way.clone().during(router.clone().oneshot(request))
    });
    let served = watcher.watch(builder.serve_connection(TokioIo::new(socket), service).into_owned());
    if let Err(error) = served.await {
        tracing::debug!(%error, "connection closed early");
    }
}
