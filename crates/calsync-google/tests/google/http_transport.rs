//! The transport against sockets on loopback that behave and that don't.

use std::time::Duration;

use calsync_google::transport::HttpLimits;
use calsync_google::{Body, HttpTransport, Transport, TransportError, TransportFailure};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nwhole";

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/path?query=marker", listener.local_addr().unwrap());
    (listener, address)
}

async fn send(transport: &HttpTransport, address: &str) -> Result<Response<Body>, TransportError> {
    let request = Request::post(address).body(Body::from_static(b"hello")).unwrap();
    transport.send(request).await
}

fn limits(call: Duration, answer_bytes: usize) -> HttpTransport {
    HttpTransport::with_limits(HttpLimits { call, answer_bytes, ..HttpLimits::default() }).unwrap()
}

/// Reads one request, to the end of its body `hello`.
async fn request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"hello") {
        let mut chunk = [0; 1_024];
        let read = socket.read(&mut chunk).await.unwrap();
        assert_ne!(read, 0, "the connection closed early");
        bytes.extend_from_slice(&chunk[..read]);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn calls_share_a_connection() {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            request(&mut socket).await;
            socket.write_all(WHOLE.as_bytes()).await.unwrap();
        }
        socket
    });
    let transport = HttpTransport::new().unwrap();
    for _ in 0..3 {
        let answer = send(&transport, &address).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"whole"[..]));
    }
    server.await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        request(&mut socket).await;
        let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket
    });
    let answer = send(&HttpTransport::new().unwrap(), &address).await.unwrap();
    assert_eq!(answer.status().as_u16(), 307);
    server.await.unwrap();
}

/// A server that answers one request with `answer`, then closes.
async fn failure(transport: &HttpTransport, answer: &'static str) -> TransportFailure {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        request(&mut socket).await;
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    let error = send(transport, &address).await.unwrap_err();
    server.await.unwrap();
    assert!(!error.to_string().contains("marker"), "an address with its query: {error}");
    error.kind
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_no_answer() {
    let transport = HttpTransport::new().unwrap();
    for answer in [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwh",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwho",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        assert_eq!(failure(&transport, answer).await, TransportFailure::NoAnswer, "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_without_bound_is_cut_off() {
    let transport = limits(Duration::from_secs(30), 4);
    assert_eq!(failure(&transport, WHOLE).await, TransportFailure::TooLarge);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n";
    assert_eq!(failure(&transport, chunked).await, TransportFailure::TooLarge);
}

#[tokio::test]
async fn silence_is_too_slow_wherever_it_begins() {
    let transport = limits(Duration::from_millis(100), 1_024);
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwh"] {
        let (listener, address) = listener().await;
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 1_024];
            // On a slow machine the limit may be over at any of these steps: it is too slow all the same.
            if socket.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                let _ = socket.write_all(start.as_bytes()).await;
            }
            while socket.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
        });
        let error = send(&transport, &address).await.unwrap_err();
        assert_eq!(error.kind, TransportFailure::TooSlow, "after {start:?}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn what_never_connected_was_never_sent() {
    let (listener, address) = listener().await;
    drop(listener);
    let transport = HttpTransport::new().unwrap();
    let refused = send(&transport, &address).await.unwrap_err();
    assert_eq!(refused.kind, TransportFailure::NotSent);
    assert!(refused.message.contains("refused"), "{refused}");
    // No resolver has to be asked for a name with an empty part.
    let unknown = send(&transport, "http://no..host/").await.unwrap_err();
    assert_eq!(unknown.kind, TransportFailure::NotSent);
}

#[tokio::test]
async fn a_failed_handshake_sent_nothing() {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1_024];
        assert_ne!(socket.read(&mut hello).await.unwrap(), 0);
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
    });
    let https = address.replace("http:", "https:");
    let error = send(&HttpTransport::new().unwrap(), &https).await.unwrap_err();
    assert_eq!(error.kind, TransportFailure::NotSent);
    server.await.unwrap();
}

/// A kept connection that closed while it was idle is no failure: the request had not left.
#[tokio::test]
async fn a_connection_that_closed_meanwhile_is_replaced() {
    let (listener, address) = listener().await;
    let (closed, was_closed) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        request(&mut socket).await;
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        // The client closes its side once it has seen this.
        assert_eq!(socket.read(&mut [0; 1]).await.unwrap(), 0);
        closed.send(()).unwrap();
        let (mut socket, _) = listener.accept().await.unwrap();
        request(&mut socket).await;
        socket.write_all(WHOLE.as_bytes()).await.unwrap();
    });
    let transport = HttpTransport::new().unwrap();
    send(&transport, &address).await.unwrap();
    was_closed.await.unwrap();
    send(&transport, &address).await.unwrap();
    server.await.unwrap();
}
