//! Connects to public addresses alone, unless a host is allowed more. What is checked is the very
//! address that is then connected to, so a name can't lead to one place when it is checked and to
//! another when it is used. It follows nothing and retries nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use calsync_core::network::is_public;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower_service::Service;

use super::target::{AllowedHosts, bare};

/// Finds the addresses of names.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `host`, best first.
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver, which also reads addresses in whatever form they are written.
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move { Ok(lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) }.boxed()
    }
}

/// Makes connections.
#[derive(Clone)]
pub struct PublicConnector {
    resolver: Arc<dyn Resolver>,
    allowed: AllowedHosts,
    limit: Duration,
}

impl PublicConnector {
    /// A connector that gives up after `limit`.
    pub fn new(resolver: Arc<dyn Resolver>, allowed: AllowedHosts, limit: Duration) -> Self {
        Self { resolver, allowed, limit }
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let host = bare(uri.host().unwrap_or_default());
        let default_port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default_port);
        let found = self.resolver.resolve(host.to_owned()).await?;
        let reachable = found.iter().filter(|address| self.allowed.contain(host) || is_public(**address));
        let mut failure = match found.first() {
            Some(address) => io::Error::other(format!(
                "{host} leads to {address}, which is no public address, and is not in platform.webhook_allow_hosts"
            )),
            None => io::Error::other(format!("{host} has no address")),
        };
        for address in reachable {
            match TcpStream::connect(SocketAddr::new(*address, port)).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(TokioIo::new(stream));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

impl Service<Uri> for PublicConnector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<TcpStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connector, limit) = (self.clone(), self.limit);
        let connecting = timeout(limit, connector.connect(uri));
        async move {
            connecting.await.unwrap_or_else(|_| {
                Err(io::Error::other(format!("no connection within {} ms", limit.as_millis())))
            })
        }
        .boxed()
    }
}
