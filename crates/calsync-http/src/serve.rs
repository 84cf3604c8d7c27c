//! Our own accept loop, since a server must not wait for ever, and no party may shut out the others:
//! silent sockets, slow heads and connections on which nothing moves are closed, connections and requests
//! are counted by party and in all, and shutdown drains within a stated time.
//!
//! Bodies have their own limits, by route, in the guard.

mod activity;
mod admission;
mod limited;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use calsync_core::network::Network;
use http::header::{CONNECTION, HOST, RETRY_AFTER};
use http::{StatusCode, Version};
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

use self::activity::{Activity, Watched};
use self::admission::{Admission, Place};
use self::limited::Limited;
use crate::app_state::Peer;
use crate::client::Client;

/// The most header bytes of a request: more than browsers send.
const HEADER_BYTES_MAX: u32 = 16 << 10;
/// The most headers of a request.
const HEADERS_MAX: usize = 100;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
/// What an HTTP/2 connection holds of bodies that are not read yet, and a request of it, in bytes.
const RECEIVED_BYTES_MAX: u32 = 256 << 10;
const RECEIVED_BYTES_A_REQUEST: u32 = 128 << 10;
/// What a request of it holds of its answer beside the answer itself, in bytes.
const SENT_BYTES_A_REQUEST: usize = 64 << 10;
/// After an `accept` that failed, for want of file descriptors as a rule.
const AFTER_ACCEPT_FAILED: Duration = Duration::from_millis(100);

/// How long and how many.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// Connections at once; more wait in the system's queue.
    pub connections_max: usize,
    /// Connections at once of one party: an IPv4 address, or a /64 of IPv6. More are closed at once.
    pub connections_a_party: usize,
    /// Requests at once, until their answers are sent; more are answered 503.
    pub requests_max: usize,
    /// Requests at once of one party.
    pub requests_a_party: usize,
    /// Proxies, whose connections are not counted by party: their clients' requests are.
    pub trusted_proxies: Vec<Network>,
    /// How long a request's headers may take from their first byte, and the first byte of all.
    pub headers_within: Duration,
    /// How long nothing may move on a connection, no request and no part of a body: longer than the
    /// minute for which balancers keep theirs, so that none is closed while they use it.
    pub idle_max: Duration,
    /// How long requests under way have to end at shutdown.
    pub drain_within: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 2_048,
            connections_a_party: 256,
            requests_max: 1_024,
            requests_a_party: 256,
            trusted_proxies: Vec::new(),
            headers_within: Duration::from_secs(10),
            idle_max: Duration::from_secs(75),
            drain_within: Duration::from_secs(20),
        }
    }
}

/// What all connections share.
struct Server {
    router: Router,
    limits: ServeLimits,
    builder: Builder<TokioExecutor>,
    connections: Arc<Admission>,
    requests: Arc<Admission>,
}

/// Serves `router` on `listener` until `shutdown`, then lets requests under way end within
/// `limits.drain_within` and cuts what is left.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let server = Arc::new(Server {
        router,
        builder: builder(&limits),
        connections: Admission::new(limits.connections_max, limits.connections_a_party),
        requests: Admission::new(limits.requests_max, limits.requests_a_party),
        limits,
    });
    let graceful = GracefulShutdown::new();
    let mut connections = tokio::task::JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // What has ended is let go.
        while connections.try_join_next().is_some() {}
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => {
                let Some((socket, peer, permit)) = accepted else { continue };
                let Some(place) = server.reserve(peer) else { continue };
                let one = server.clone().connection(socket, peer, graceful.watcher());
                connections.spawn(async move {
                    one.await;
                    drop((place, permit));
                });
            }
        }
    }
    drop(listener);
    if timeout(server.limits.drain_within, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            cut = connections.len(),
            "requests still in progress when the drain timeout ended were cut off"
        );
    }
}

fn builder(limits: &ServeLimits) -> Builder<TokioExecutor> {
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
        .initial_connection_window_size(RECEIVED_BYTES_MAX)
        .initial_stream_window_size(RECEIVED_BYTES_A_REQUEST)
        .max_send_buf_size(SENT_BYTES_A_REQUEST)
        .keep_alive_interval(limits.headers_within * 2)
        .keep_alive_timeout(limits.headers_within);
    builder
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, address)) => Some((socket, address.ip(), permit)),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection");
            // Trying again at once would spin.
            let _ = timeout(AFTER_ACCEPT_FAILED, std::future::pending::<()>()).await;
            None
        }
    }
}

impl Server {
    /// A place for one more connection of `peer`; a proxy's needs none.
    fn reserve(&self, peer: IpAddr) -> Option<Option<Place>> {
        let is_proxy =
            self.limits.trusted_proxies.iter().any(|network| network.contains(peer.to_canonical()));
        if is_proxy { Some(None) } else { self.connections.reserve(peer).map(Some) }
    }

    async fn connection(self: Arc<Self>, socket: TcpStream, peer: IpAddr, watcher: Watcher) {
        // An answer is sent whole: waiting for more of it would only delay it.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        let activity = Activity::new();
        let ServeLimits { headers_within, idle_max, .. } = self.limits;
        let socket = Limited::new(socket, activity.clone(), headers_within, idle_max);
        let service = {
            let (server, activity) = (self.clone(), activity.clone());
            service_fn(move |request| server.clone().answer(request, peer, activity.clone()))
        };
        let connection = self.builder.serve_connection(TokioIo::new(socket), service).into_owned();
        tokio::select! {
            served = watcher.watch(connection) => {
                if let Err(error) = served {
                    tracing::debug!(%error, "connection closed early");
                }
            }
            () = activity.stalled(idle_max) => tracing::debug!("connection closed: nothing moved on it"),
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        activity: Activity,
    ) -> Result<Response, Infallible> {
        if let Some(refusal) = refuse_host(&request) {
            return Ok(refusal);
        }
        let client = Client::behind(peer, request.headers(), &self.limits.trusted_proxies);
        let Some(place) = self.requests.reserve(client.0) else { return Ok(busy()) };
        let mut request = request.map(|body| Body::new(Watched::new(Body::new(body), activity.clone(), ())));
        request.extensions_mut().insert(Peer(peer));
        let response = activity.during(self.router.clone().oneshot(request)).await?;
        Ok(response.map(|body| Body::new(Watched::new(body, activity, place))))
    }
}

/// RFC 9112, 3.2: a request of HTTP/1.1 has one `Host`, or it is not answered.
fn refuse_host(request: &Request<Incoming>) -> Option<Response> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_bad = hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11);
    is_bad.then(|| (StatusCode::BAD_REQUEST, [(CONNECTION, "close")]).into_response())
}

/// No body: it would wait to be sent like those that are too many already.
fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response()
}
