//! The simulator on a socket.

use bytes::Bytes;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, Simulator, SimulatorOptions};
use http::{StatusCode, Version};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

async fn exchange(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A connection that was cut may end in a reset.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_without_a_byte() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = Simulator::new(SimulatorOptions::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn({
        let simulator = simulator.clone();
        async move {
            let shutdown = async { stopped.await.unwrap_or_default() };
            simulator.serve(listener, shutdown).await
        }
    });
    simulator.set_faults(vec![FaultRule {
        matches: FaultMatch { method: Some("colors.get".to_owned()), ..FaultMatch::default() },
        effect: FaultEffect { lose_response: true, ..FaultEffect::default() },
        ..FaultRule::default()
    }]);
    assert_eq!(exchange(address, "/calendar/v3/colors").await, "");
    assert!(exchange(address, "/_control/state").await.starts_with("HTTP/1.1 200 OK"));
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn control_is_closed_to_addresses_outside_its_ranges() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let control_from = vec!["10.0.0.0/8".parse().unwrap()];
    let simulator = Simulator::new(SimulatorOptions { control_from, ..SimulatorOptions::default() });
    tokio::spawn(async move { simulator.serve(listener, std::future::pending()).await });
    assert!(exchange(address, "/_control/state").await.starts_with("HTTP/1.1 403"));
    assert!(exchange(address, "/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn http_2_is_spoken_and_a_lost_answer_ends_its_stream_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = Simulator::new(SimulatorOptions::default());
    let served = simulator.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let uri = |path: &str| format!("http://{address}{path}").parse().unwrap();

    let answer = client.get(uri("/calendar/v3/colors")).await.unwrap();
    assert_eq!((answer.version(), answer.status()), (Version::HTTP_2, StatusCode::UNAUTHORIZED));
    simulator.set_faults(vec![FaultRule {
        effect: FaultEffect { lose_response: true, ..FaultEffect::default() },
        times: Some(1),
        ..FaultRule::default()
    }]);
    assert!(client.get(uri("/calendar/v3/colors")).await.is_err());
    assert_eq!(client.get(uri("/calendar/v3/colors")).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
