//! `/metrics` of the built program: on its own address alone where one is set, and true of what Google got.

use std::collections::BTreeMap;

use bytes::Bytes;
use calsync_google::{HttpTransport, Transport};
use calsync_testing::exposition::Exposition;
use calsync_testing::{DatabaseKind, Program, TestDatabase, eventually};
use http::{Request, Response};
use serde_json::json;

use crate::world::World;

const METRICS_LISTEN: &str = "CALSYNC_SERVER__METRICS_LISTEN";

async fn get(url: &str, path: &str) -> Response<Bytes> {
    let request = Request::get(format!("{url}{path}")).body(Bytes::new()).unwrap();
    HttpTransport::new().unwrap().send(request).await.unwrap()
}

pub(crate) async fn scrape(url: &str) -> Exposition {
    let answer = get(url, "/metrics").await;
    assert_eq!(answer.status(), 200);
    Exposition::parse(std::str::from_utf8(answer.body()).unwrap())
}

/// How often Google was called by each method, as the metrics tell it and as Google counted.
async fn calls(world: &World, metrics: &Exposition) -> [BTreeMap<String, f64>; 2] {
    let got = world.google.state().await["requests"].as_object().unwrap().clone();
    // Its consent page is visited by users.
    let got: BTreeMap<String, f64> = got
        .into_iter()
        .filter(|(method, _)| method != "auth")
        .map(|(method, count)| (method, count.as_f64().unwrap()))
        .collect();
    let sent = |method: &str| metrics.sum("calsync_google_calls_total", ("method", method));
    [got.keys().map(|method| (method.clone(), sent(method))).collect(), got]
}

#[tokio::test]
async fn they_are_on_the_main_address_and_move_with_a_put() {
    let world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.connect("ana", &json!({"email": "ana@example.org"})).await;
    let url = &world.service.url;
    let inserted = async || {
        let metrics = scrape(url).await;
        metrics.sum("calsync_google_calls_total", ("method", "events.insert"))
    };
    assert_eq!(inserted().await, 0.0);
    let body = json!({"user_ids": ["ana"], "title": "Read", "due_on": "2031-03-09", "status": "active"});
    world.service.put("/items/task/t1", &body).await;
    world.wait_until_synced("ana").await;
    assert_eq!(inserted().await, 1.0);
    let done = [("job", "pass"), ("outcome", "done")];
    eventually("the pass to be counted", async || {
        let metrics = scrape(url).await;
        let passes = metrics.value("calsync_jobs_total", &done);
        (passes >= Some(1.0)).then_some(()).ok_or(passes)
    })
    .await;
    let metrics = scrape(url).await;
    let [sent, got] = calls(&world, &metrics).await;
    assert_eq!(sent, got);
    assert_eq!(metrics.value("calsync_google_permits_in_use", &[]), Some(0.0));
}

#[tokio::test]
async fn they_have_an_address_of_their_own_where_one_is_set() {
    let mut world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.service.kill().await;
    world.service.set(METRICS_LISTEN, "127.0.0.1:0");
    let mut command = world.service.command();
    command.arg("serve");
    let mut program = Program::start(command);
    let metrics = program.address("gives metrics on").await;
    program.address("listens on").await;
    let told = scrape(&metrics).await;
    assert_eq!(told.value("calsync_database_up", &[]), Some(1.0));
    for path in ["/readyz", "/admin", "/api/v1/users/ana"] {
        assert_eq!(get(&metrics, path).await.status(), 404, "{path}");
    }
    assert_eq!(get(&world.service.url, "/metrics").await.status(), 404);
    assert_eq!(get(&world.service.url, "/readyz").await.status(), 200);
    assert!(program.terminate().await.success());

    let mut command = world.service.command();
    command.args(["serve", "--role", "worker"]);
    let mut program = Program::start(command);
    let metrics = program.address("gives metrics on").await;
    assert!(scrape(&metrics).await.value("calsync_due_lag_seconds", &[]).is_some(), "a worker has them too");
    assert!(program.terminate().await.success());
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_refused_by_its_name() {
    let mut world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    world.service.kill().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (address, status) in [("metrics".to_owned(), 2), (taken.local_addr().unwrap().to_string(), 1)] {
        world.service.set(METRICS_LISTEN, &address);
        let mut command = world.service.command();
        let output = command.arg("serve").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{told}");
        let told = told.to_lowercase().replace("calsync_server__", "server.");
        assert!(told.contains("server.metrics_listen") && told.contains(&address), "{told}");
    }
}
