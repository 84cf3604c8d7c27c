//! A request can be followed: what it asks of Google has its trace id, in the log and in the attempts.

use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, link};
use calsync_testing::world::http::HttpWorld;
use calsync_testing::{DatabaseKind, Log, TestDatabase};
use serde_json::{from_value, json};

const ANA: &str = "ana@example.org";

#[tokio::test]
async fn an_attempts_trace_id_is_that_of_the_request_that_called() {
    let world = HttpWorld::new().await;
    ana(&world, "en").await;
    world.google_account(ANA, json!([]));
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=existing").await;
    browser.decide(&sent, AtGoogle::Allows(ANA, &["calendar"])).await;
    let rule = json!({"match": {"method": "calendarList.list"}, "effect": {"status": 503}});
    world.google.set_faults(vec![from_value(rule).unwrap()]);
    let log = Log::begin();
    assert_eq!(browser.open("/connect/calendar").await.status, 502);
    let log = log.text();
    let told = |words: &str| {
        let line = log.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{log}"));
        assert!(
            line.contains("request{method=GET") && line.contains("route=\"/connect/calendar\""),
            "{line}"
        );
        let trace_id = line.split("trace_id=").nth(1).unwrap_or_else(|| panic!("{line}"));
        trace_id.split([' ', '}']).next().unwrap().to_owned()
    };
    let trace_id = told("an attempt at Google did not succeed");
    assert_eq!(told("call ended"), trace_id);
    let attempt = format!("trace_id = '{trace_id}' AND operation = 'list'");
    assert_eq!(world.count("calendar_sync_logs", &attempt).await, 1);
}

#[tokio::test]
async fn slices_of_a_batch_belong_to_its_request() {
    // Its statements run in the test's own thread, so that they are in the log, too.
    let world = HttpWorld::on(TestDatabase::new(DatabaseKind::Postgres)).await;
    let log = Log::begin();
    let line = json!({"op": "put_user", "user_id": "ana", "email": ANA}).to_string();
    assert_eq!(world.batch(&line).await[0]["status"], 201);
    let log = log.text();
    let stored =
        log.lines().find(|line| line.contains("INSERT INTO users")).unwrap_or_else(|| panic!("{log}"));
    assert!(stored.contains("route=\"/api/v1/items/batch\"") && stored.contains("trace_id="), "{stored}");
}
