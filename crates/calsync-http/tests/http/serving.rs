//! The accept loop: over real sockets, with short limits.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use calsync_http::{ServeLimits, serve};
use calsync_testing::HANGS_AFTER;
use calsync_testing::world::http::HttpWorld;
use http::{Method, Request};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(world: &HttpWorld, limits: ServeLimits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = serve(listener, world.router.clone(), limits, async {
        let _ = stopped.await;
    });
    Served { address, stop, ended: tokio::spawn(serving) }
}

fn short() -> ServeLimits {
    let short = Duration::from_millis(100);
    ServeLimits { headers_within: short, idle_max: short * 2, drain_within: short, ..ServeLimits::default() }
}

/// Sends `text` and reads until the server closes.
async fn talk(address: SocketAddr, text: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_is_answered_over_a_socket() {
    let world = HttpWorld::new().await;
    let served = start(&world, ServeLimits::default()).await;
    let answer = talk(served.address, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let world = HttpWorld::new().await;
    let served = start(&world, short()).await;
    for beginning in
        ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ", "PRI * HTTP/2.0\r\n"]
    {
        let answer = tokio::time::timeout(HANGS_AFTER, talk(served.address, beginning)).await;
        let answer = answer.unwrap_or_else(|_| panic!("still open: {beginning:?}"));
        assert!(!answer.contains("200 OK"), "{beginning:?}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_waits_longer_for_its_next_request_than_for_a_heads_end() {
    let world = HttpWorld::new().await;
    let headers_within = Duration::from_millis(200);
    let limits = ServeLimits { headers_within, idle_max: HANGS_AFTER * 2, ..ServeLimits::default() };
    let served = start(&world, limits).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..2 {
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 4096];
        let read = socket.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 OK"));
        let silence = tokio::time::timeout(Duration::from_millis(400), socket.read(&mut answer)).await;
        assert!(silence.is_err(), "still open after twice the time for a head");
    }
    socket.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(HANGS_AFTER, socket.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "a head that doesn't end is cut");
}

#[tokio::test]
async fn headers_have_limits() {
    let world = HttpWorld::new().await;
    let served = start(&world, ServeLimits::default()).await;
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(64 << 10));
    for headers in [many, large] {
        let answer =
            talk(served.address, &format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    for smuggled in [
        "POST /connect/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST /connect/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = talk(served.address, smuggled).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[tokio::test]
async fn shutdown_ends_even_if_somebody_stays() {
    let world = HttpWorld::new().await;
    let drain_within = Duration::from_millis(50);
    let limits = ServeLimits { drain_within, idle_max: HANGS_AFTER * 2, ..ServeLimits::default() };
    let served = start(&world, limits).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut some = [0; 16];
    idle.read_exact(&mut some).await.unwrap();
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    served.stop.send(()).unwrap();
    tokio::time::timeout(HANGS_AFTER, served.ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
    assert_eq!(world.call(Method::GET, "/healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    let world = HttpWorld::new().await;
    let served = start(&world, ServeLimits::default()).await;
    let body = r#"{"email":"ana@example.org"}"#;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "PUT /api/v1/users/ana HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        world.platform,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut some = [0; 1024];
    let read = socket.read(&mut some).await.unwrap();
    assert!(some[..read].starts_with(b"HTTP/1.1 100 Continue"), "the handler waits for the body");
    served.stop.send(()).unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 201 Created"), "{}", String::from_utf8_lossy(&answer));
    served.ended.await.unwrap();
}

#[tokio::test]
async fn http_2_is_spoken_too_and_may_rest() {
    let world = HttpWorld::new().await;
    let served =
        start(&world, ServeLimits { headers_within: Duration::from_millis(100), ..ServeLimits::default() })
            .await;
    let socket = TokioIo::new(TcpStream::connect(served.address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), socket).await.unwrap();
    let mut connection = tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::get("http://x/healthz").body(Body::empty()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
        let rests = tokio::time::timeout(Duration::from_millis(250), &mut connection).await;
        assert!(rests.is_err(), "still open after twice the time for a head");
    }
}

/// A socket of the party at `source`, another of the loopback's addresses.
async fn connect_from(source: &str, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

const PROBE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// What a probe over `socket` is answered; nothing if it was closed.
async fn probe(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    if socket.write_all(PROBE).await.is_ok() {
        let _ = socket.read_to_end(&mut answer).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_party_shuts_out_the_others() {
    let world = HttpWorld::new().await;
    let limits = ServeLimits {
        connections_max: 12,
        connections_a_party: 4,
        headers_within: HANGS_AFTER * 2,
        ..ServeLimits::default()
    };
    let served = start(&world, limits).await;
    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(connect_from("127.0.0.2", served.address).await);
    }
    let other = probe(connect_from("127.0.0.3", served.address).await).await;
    assert!(other.starts_with("HTTP/1.1 200 OK"), "{other}");
    assert_eq!(probe(connect_from("127.0.0.2", served.address).await).await, "", "it holds its share");
    drop(silent);
    let look = async || probe(connect_from("127.0.0.2", served.address).await).await;
    let mut again = look().await;
    while again.is_empty() {
        again = look().await;
    }
    assert!(again.starts_with("HTTP/1.1 200 OK"), "{again}");
}

#[tokio::test]
async fn who_takes_no_answer_is_not_kept_by_pings() {
    let world = HttpWorld::new().await;
    let idle_max = Duration::from_secs(3);
    let limits = ServeLimits { requests_a_party: 8, idle_max, ..ServeLimits::default() };
    let served = start(&world, limits).await;
    let socket = TokioIo::new(connect_from("127.0.0.2", served.address).await);
    let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(0)
        .keep_alive_interval(Duration::from_millis(50))
        .keep_alive_while_idle(true)
        .handshake(socket)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let mut statuses = Vec::new();
    let mut answers = Vec::new();
    for _ in 0..20 {
        let request = Request::get("http://x/openapi.json").body(Body::empty()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        statuses.push(answer.status().as_u16());
        answers.push(answer);
    }
    assert_eq!(statuses, [[200; 8].as_slice(), &[503; 12]].concat(), "unsent answers are counted");
    let other = probe(connect_from("127.0.0.3", served.address).await).await;
    assert!(other.starts_with("HTTP/1.1 200 OK"), "{other}");
    let ended = tokio::time::timeout(HANGS_AFTER, connection).await;
    assert!(ended.is_ok(), "pings alone keep it open");
}

#[tokio::test]
async fn what_is_no_http_is_called_so() {
    let world = HttpWorld::new().await;
    let served = start(&world, ServeLimits::default()).await;
    for hosts in ["", "host: x\r\nhost: y\r\n"] {
        let answer = talk(served.address, &format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request"), "{hosts:?}: {answer}");
    }
    let answer = talk(served.address, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
    let head = format!(
        "PUT /api/v1/users/ana HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        world.platform
    );
    let answer = talk(served.address, &format!("{head}zz\r\n{{}}\r\n")).await;
    assert!(answer.contains("/problems/bad-request") && answer.contains("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn batches_that_send_nothing_hold_no_turn() {
    let world = HttpWorld::new().await;
    let served = start(&world, ServeLimits::default()).await;
    let head = |length: usize| {
        format!(
            "POST /api/v1/items/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-length: {length}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
            world.platform
        )
    };
    let mut silent = Vec::new();
    for _ in 0..8 {
        let mut socket = TcpStream::connect(served.address).await.unwrap();
        socket.write_all(head(1_000_000).as_bytes()).await.unwrap();
        let mut some = [0; 64];
        let read = socket.read(&mut some).await.unwrap();
        assert!(some[..read].starts_with(b"HTTP/1.1 100 Continue"), "its body is waited for");
        silent.push(socket);
    }
    let line = r#"{"op":"put_user","user_id":"ana","email":"ana@example.org"}"#;
    let answer = talk(served.address, &format!("{}{line}", head(line.len()))).await;
    assert!(answer.contains("HTTP/1.1 200 OK") && answer.contains(r#""status":201"#), "{answer}");
}
