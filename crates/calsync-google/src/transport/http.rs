//! The transport of a running service: HTTP/1.1 and HTTP/2 over kept-alive connections. Whoever may
//! not connect to every address brings a connector of their own.
//!
//! Nothing waits longer than its limits and no answer grows without bound. A request that the pool
//! could not begin to write, since its kept connection had just closed, goes out on a new one: it
//! had not left yet, so this is no retry.

use std::error::Error;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Body, Transport, TransportError, TransportFailure};

/// Google answers within seconds or not at all.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// A TCP connection that takes longer meets a dead route.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The largest page, 2,500 events, is a few MiB; more is not an answer of Google's.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Google closes idle connections after about four minutes: ours close first.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// Idle HTTP/1.1 connections to keep to one host: as many as calls may run at once.
const IDLE_CONNECTIONS_MAX: usize = 128;
/// Without an answer to a ping for [`PING_LIMIT`], a shared HTTP/2 connection is dead.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// See [`PING_INTERVAL`].
const PING_LIMIT: Duration = Duration::from_secs(10);

/// How long and how much [`HttpTransport`] waits for.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// For a TCP connection.
    pub connect: Duration,
    /// For a whole call, from the connection to the answer's last byte.
    pub call: Duration,
    /// The largest answer.
    pub answer_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { connect: CONNECT_LIMIT, call: CALL_LIMIT, answer_bytes: ANSWER_BYTES_MAX }
    }
}

/// Sends requests over the network.
#[derive(Clone, Debug)]
pub struct HttpTransport<C = HttpConnector> {
    client: Client<HttpsConnector<C>, Full<Body>>,
    limits: HttpLimits,
}

impl HttpTransport {
    /// A transport with the limits of a running service.
    ///
    /// # Errors
    /// [`TransportFailure::NotSent`] if TLS can't be set up.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_limits(HttpLimits::default())
    }

    /// A transport with other limits.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_limits(limits: HttpLimits) -> Result<Self, TransportError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect));
        Self::over(tcp, limits)
    }
}

impl<C> HttpTransport<C>
where
    HttpsConnector<C>: Connect + Clone + Send + Sync + 'static,
{
    /// A transport over connections that `tcp` makes, which keeps to [`HttpLimits::connect`] itself.
    ///
    /// # Errors
    /// As [`HttpTransport::new`].
    pub fn over(tcp: C, limits: HttpLimits) -> Result<Self, TransportError> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| TransportError {
                kind: TransportFailure::NotSent,
                message: format!("TLS can't be set up: {error}"),
            })?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_LIMIT)
            .build(connector);
        Ok(Self { client, limits })
    }

    async fn exchange(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let answer = self.client.request(request.map(Full::new)).await.map_err(|error| {
            let kind = match error.is_connect() {
                true => TransportFailure::NotSent,
                false => TransportFailure::NoAnswer,
            };
            TransportError { kind, message: causes(&error) }
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.limits.answer_bytes).collect().await.map_err(|error| {
            let kind = match error.is::<LengthLimitError>() {
                true => TransportFailure::TooLarge,
                false => TransportFailure::NoAnswer,
            };
            TransportError { kind, message: causes(&*error) }
        })?;
        Ok(http::Response::from_parts(head, body.to_bytes()))
    }
}

impl<C> Transport for HttpTransport<C>
where
    HttpsConnector<C>: Connect + Clone + Send + Sync + 'static,
{
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        async move {
            tokio::time::timeout(self.limits.call, self.exchange(request)).await.unwrap_or_else(|_| {
                let message = format!("no whole answer within {} ms", self.limits.call.as_millis());
                Err(TransportError { kind: TransportFailure::TooSlow, message })
            })
        }
        .boxed()
    }
}

/// An error and what caused it, as one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
