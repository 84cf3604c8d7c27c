//! The way to the webhook over real sockets: it leads to public addresses, or where it is allowed.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::response::Redirect;
use axum::routing::post;
use calsync_engine::webhooks::{AllowedHosts, Resolver, SystemResolver, transport};
use calsync_google::{Transport, TransportFailure};
use futures_util::future::BoxFuture;
use http::Request;
use tokio::net::TcpListener;

/// A resolver that knows one answer, and counts how often it is asked.
#[derive(Clone)]
struct Names(Arc<(Vec<IpAddr>, AtomicUsize)>);

impl Names {
    fn lead_to(addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Self(Arc::new((addresses, AtomicUsize::new(0))))
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Resolver for Names {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        let addresses = self.0.0.clone();
        Box::pin(async move { Ok(addresses) })
    }
}

/// A server on loopback that redirects from `/away` and counts what comes; its port.
async fn server() -> (u16, Arc<AtomicUsize>) {
    let hits = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counted = hits.clone();
    let count = move || {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let here = count.clone();
    let router = Router::new()
        .route("/", post(async move || here()))
        .route("/away", post(async || Redirect::temporary("/")));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, hits)
}

fn allowed(hosts: &[&str]) -> AllowedHosts {
    AllowedHosts::parse(hosts.iter().map(|host| (*host).to_owned()).collect()).unwrap()
}

/// The status that is answered, or why none is.
async fn send(
    resolver: impl Resolver,
    allowed: AllowedHosts,
    url: &str,
) -> Result<u16, (TransportFailure, String)> {
    let transport = transport(Arc::new(resolver), allowed).unwrap();
    let request = Request::post(url).body(Bytes::from_static(b"{}")).unwrap();
    let answer = transport.send(request).await.map_err(|error| (error.kind, error.message))?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn no_name_leads_to_a_private_address() {
    let (port, hits) = server().await;
    let url = format!("http://hook.test:{port}/");
    for addresses in [&["127.0.0.1"][..], &["::1"], &["::ffff:127.0.0.1"], &["10.0.0.1", "127.0.0.1"]] {
        let names = Names::lead_to(addresses);
        let (kind, message) = send(names.clone(), AllowedHosts::default(), &url).await.unwrap_err();
        assert_eq!(kind, TransportFailure::NotSent);
        assert!(
            message.contains("is no public address") && message.contains("hook.test leads to"),
            "{message}"
        );
        assert_eq!(names.asked(), 1, "what was checked is what would be connected to");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_way_of_writing_a_private_address_leads_there() {
    let (port, hits) = server().await;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:7f00:1]",
        "localhost",
    ] {
        let url = format!("http://{host}:{port}/");
        let failed = send(SystemResolver, allowed(&["another.test"]), &url).await.unwrap_err();
        assert_eq!(failed.0, TransportFailure::NotSent, "{host}: {}", failed.1);
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_allowed_host_is_reached_wherever_it_is() {
    let (port, hits) = server().await;
    let names = Names::lead_to(&["127.0.0.1"]);
    let url = format!("http://Hook.test:{port}/");
    assert_eq!(send(names, allowed(&["hook.TEST"]), &url).await, Ok(200));
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(send(SystemResolver, allowed(&["127.0.0.1"]), &url).await, Ok(200));
    assert_eq!(hits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (port, hits) = server().await;
    let url = format!("http://hook.test:{port}/away");
    assert_eq!(send(Names::lead_to(&["127.0.0.1"]), allowed(&["hook.test"]), &url).await, Ok(307));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let failed = send(Names::lead_to(&[]), AllowedHosts::default(), "https://hook.test/").await.unwrap_err();
    assert_eq!(failed.0, TransportFailure::NotSent);
    assert!(failed.1.contains("hook.test has no address"), "{}", failed.1);
}
