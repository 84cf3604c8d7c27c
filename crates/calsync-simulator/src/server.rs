//! Serves the router over TCP.
//!
//! `axum::serve` can't drop an answer, so connections are driven here: a response
//! marked [`LostResponse`] ends its connection (HTTP/2: its stream) without a byte.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::delivery::LostResponse;

/// How long answers in flight may take after a shutdown was asked for.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The address of the caller, for the control API's guard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Why a connection was closed on purpose.
#[derive(Debug, thiserror::Error)]
#[error("a fault rule dropped the answer")]
struct AnswerLost;

pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => return Err(error),
            },
            () = shutdown.as_mut() => break,
        };
        serve_connection(router.clone(), stream, peer, &graceful);
    }
    // Whoever is still there after this has had its time; the process may go on.
    let _ = tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await;
    Ok(())
}

fn serve_connection(router: Router, stream: TcpStream, peer: SocketAddr, graceful: &GracefulShutdown) {
    // Without it an answer waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request, peer));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1_000);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // Errors are the peer's: it went away, or its answer was to be lost.
        let _ = watched.await;
    });
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response<Body>, AnswerLost> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    match router.oneshot(request).await {
        Ok(response) if response.extensions().get::<LostResponse>().is_none() => Ok(response),
        _ => Err(AnswerLost),
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
