//! Whose address counts, over real sockets: the peer's, or behind a trusted proxy the client's.

use calsync_http::{ServeLimits, serve};
use calsync_store::sign_ins;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::{DatabaseKind, Log, TestDatabase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Tries from one address that are let through.
const TRIES_PER_ADDRESS: i64 = 50;

async fn world(trusted: &[&str]) -> HttpWorld {
    let trusted = trusted.iter().map(|one| one.parse().unwrap()).collect();
    HttpWorld::with(TestDatabase::new(DatabaseKind::Sqlite), |settings| settings.trusted_proxies = trusted)
        .await
}

/// Tries to sign in through a socket, as somebody who says to be sent on from `forwarded_for`.
async fn sign_in(world: &HttpWorld, forwarded_for: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let talk = async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let form = "email=nobody%40example.org&password=wrong";
        let head = format!(
            "POST /admin/sign-in HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
             x-forwarded-for: {forwarded_for}\r\nforwarded: for=192.0.2.99\r\n\r\n",
            form.len()
        );
        socket.write_all((head + form).as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let serving = serve(listener, world.router.clone(), ServeLimits::default(), std::future::pending());
    tokio::select! {
        answer = talk => answer,
        () = serving => panic!("it serves until it is stopped"),
    }
}

/// Counts one more try of `address`; gives how many there are.
async fn count_try(world: &HttpWorld, address: &str) -> i64 {
    let mut tx = world.engine.store().begin().await.unwrap();
    let tries = sign_ins::count_try(&mut tx, "address", address, world.engine.now()).await.unwrap();
    tx.commit().await.unwrap();
    tries
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_clients_address_is_throttled_and_logged() {
    let world = world(&["127.0.0.0/8", "10.0.0.7"]).await;
    let answer = sign_in(&world, "192.0.2.1, 203.0.113.9, 10.0.0.7").await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    for _ in 1..TRIES_PER_ADDRESS {
        count_try(&world, "203.0.113.9").await;
    }
    let log = Log::begin();
    let answer = sign_in(&world, "203.0.113.9").await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(log.text().contains("too many sign-in attempts client=203.0.113.9"), "{}", log.text());
    let answer = sign_in(&world, "203.0.113.10").await;
    assert!(answer.starts_with("HTTP/1.1 422"), "others share the proxy: {answer}");
    for address in ["127.0.0.1", "10.0.0.7", "192.0.2.1", "192.0.2.99"] {
        assert_eq!(count_try(&world, address).await, 1, "{address}");
    }
}

#[tokio::test]
async fn what_a_stranger_says_of_their_address_is_passed_over() {
    let world = world(&["10.0.0.7"]).await;
    sign_in(&world, "203.0.113.9").await;
    assert_eq!(count_try(&world, "203.0.113.9").await, 1);
    assert_eq!(count_try(&world, "127.0.0.1").await, 2);
}
