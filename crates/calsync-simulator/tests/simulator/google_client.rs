//! Google's own Python client against the simulator on a socket.

use std::process::Command;

use calsync_simulator::{NewAccount, Simulator, SimulatorOptions};
use tokio::net::TcpListener;

use crate::world::ANA;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/google_python_client.py");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_python_client_works() {
    let python = std::env::var_os("CALSYNC_PYTHON").unwrap_or_else(|| {
        panic!("set CALSYNC_PYTHON to a Python interpreter that has google-api-python-client installed")
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let simulator = Simulator::new(SimulatorOptions { auto_consent: true, ..SimulatorOptions::default() });
    simulator.add_account(NewAccount::of(ANA));
    let served = simulator.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
    let run = move || Command::new(python).args([SCRIPT, &address, ANA]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.trim_end().ends_with("all done"), "{out}");
    assert_eq!(simulator.state()["requests"].get("unknown"), None);
}
