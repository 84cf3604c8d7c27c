//! Floods of one party: others are answered, changes go on to Google, and the memory comes back.
//!
//! Each lasts a moment here, and `FLOOD_SECS=20` in a longer run.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use calsync_testing::{DatabaseKind, HANGS_AFTER, TestDatabase, eventually};
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::world::World;

/// Who floods, and somebody else.
const FLOODER: &str = "127.0.0.2:0";
const ANOTHER: &str = "127.0.0.3:0";
/// How soon somebody else is answered, in a longer run by itself. Beside other tests the machine is busy, and
/// only a hang fails.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// What the memory may have grown by in the end: a tenth, beside what pools and caches begin to hold.
const GROWTH_MAX_KB: u64 = 16 << 10;

#[expect(clippy::disallowed_methods, reason = "how long a test runs is for its caller to say")]
fn longer_run_secs() -> Option<u64> {
    std::env::var("FLOOD_SECS").ok().and_then(|text| text.parse().ok())
}

fn seconds() -> u64 {
    longer_run_secs().unwrap_or(2)
}

async fn connect(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(from.parse().unwrap())?;
    socket.connect(to).await
}

/// Asks as somebody else; how long that took.
async fn probe(to: SocketAddr) -> Duration {
    let began = Instant::now();
    let asked = async {
        let mut socket = connect(ANOTHER, to).await?;
        socket.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let within = longer_run_secs().map_or(HANGS_AFTER, |_| ANSWERED_WITHIN);
    let answer = timeout(within, asked).await.unwrap();
    assert!(answer.as_ref().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")), "{answer:?}");
    began.elapsed()
}

/// Connections of HTTP/2 that ask for as much as they may, take nothing, and ping.
async fn takes_nothing(to: SocketAddr) {
    let Ok(socket) = connect(FLOODER, to).await else { return };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(0)
        .keep_alive_interval(Duration::from_millis(200))
        .keep_alive_while_idle(true);
    let Ok((sender, connection)) = builder.handshake::<_, Empty<Bytes>>(TokioIo::new(socket)).await else {
        return;
    };
    let mut asked = JoinSet::new();
    for _ in 0..128 {
        let mut sender = sender.clone();
        let request = Request::get("http://x/openapi.json").body(Empty::new()).unwrap();
        asked.spawn(async move { sender.send_request(request).await });
    }
    let _ = connection.await;
}

/// A socket that sends `text` and nothing more.
async fn says(to: SocketAddr, text: String) {
    let Ok(mut socket) = connect(FLOODER, to).await else { return };
    let _ = socket.write_all(text.as_bytes()).await;
    let _ = socket.read_to_end(&mut Vec::new()).await;
}

/// The memory of a process that is resident, in KB.
fn resident_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Floods `world` in one way for a while, `width` times at once.
async fn flood(world: &World, name: &str, width: usize, one: impl AsyncFn(SocketAddr) + Clone + 'static) {
    let to: SocketAddr = world.service.url.strip_prefix("http://").unwrap().parse().unwrap();
    let process = world.service.process();
    // Both ends of a flood are open files, and one of them is ours.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let before = resident_kb(process);
    let flooding = tokio::task::LocalSet::new();
    for _ in 0..width {
        let one = one.clone();
        flooding.spawn_local(async move { one(to).await });
    }
    let watched = async {
        let mut slowest = Duration::ZERO;
        let mut ticks = interval(Duration::from_millis(100));
        for tick in 0..seconds() * 10 {
            ticks.tick().await;
            slowest = slowest.max(probe(to).await);
            if tick == seconds() * 5 {
                let task =
                    json!({"user_ids": ["ana"], "title": name, "due_on": "2031-03-09", "status": "active"});
                world.service.put(&format!("/items/task/{name}"), &task).await;
            }
        }
        eventually(format!("the change during {name} to be in Google"), async || {
            let events = world.google.our_events().await;
            let is_there = |event: &serde_json::Value| event["summary"].as_str() == Some(name);
            events.iter().any(is_there).then_some(()).ok_or(events.len())
        })
        .await;
        slowest
    };
    let slowest = flooding.run_until(watched).await;
    let during = resident_kb(process);
    drop(flooding);
    let after = eventually(format!("the memory to come back after {name}"), async || {
        let now = resident_kb(process);
        (now <= before + before / 10 + GROWTH_MAX_KB).then_some(now).ok_or(now / 1024)
    })
    .await;
    println!("{name}: somebody else waited {slowest:?} at most; memory {before} KB, {during} KB, {after} KB");
}

#[tokio::test]
async fn of_one_party_harm_nobody_else() {
    let world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.connect("ana", &json!({"email": "ana@example.org"})).await;
    let to: SocketAddr = world.service.url.strip_prefix("http://").unwrap().parse().unwrap();
    probe(to).await;
    flood(&world, "answers-not-taken", 60, takes_nothing).await;
    flood(&world, "silent-sockets", 2_060, async |to| says(to, String::new()).await).await;
    let key = world.service.key.expose_secret().to_owned();
    let head = format!(
        "POST /api/v1/items/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-length: 1000000\r\n\r\n"
    );
    flood(&world, "silent-batches", 64, async move |to| says(to, head.clone()).await).await;
}

#[tokio::test]
async fn leave_the_worker_its_files() {
    let mut world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.service.kill().await;
    let mut command = world.service.configured(Command::new("sh"));
    command.args(["-c", "ulimit -n 1024; exec \"$0\" serve", env!("CARGO_BIN_EXE_calsync")]);
    world.service.run_as(command).await;
    world.connect("ana", &json!({"email": "ana@example.org"})).await;
    flood(&world, "idle-sockets", 1_000, async |to| says(to, String::new()).await).await;
}
