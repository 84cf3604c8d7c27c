//! `/metrics`: the format is Prometheus' own, the values move with what happens, and `docs/metrics.md` names them all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use calsync_testing::exposition::{Exposition, Family};
use calsync_testing::on_both_databases;
use calsync_testing::tools::repository;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{connect, left_over};
use http::Method;
use serde_json::{Value, json};

/// Seconds for which a change waits here.
const WAITS: i64 = 30;

fn task(title: &str) -> Value {
    json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09", "status": "active"})
}

fn calls(metrics: &Exposition, method: &str, reason: &str) -> Option<f64> {
    metrics.value("calsync_google_calls_total", &[("method", method), ("reason", reason)])
}

on_both_databases! {
    async fn a_change_is_seen_waiting_and_then_in_google(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        connect(&world, "new").await;
        world.sync().await;
        let quiet = world.metrics().await;
        for gauge in ["calsync_freshness_seconds", "calsync_due_lag_seconds", "calsync_webhook_due_lag_seconds"] {
            assert_eq!(quiet.value(gauge, &[]), Some(0.0), "{gauge}");
        }
        assert_eq!(calls(&quiet, "events.insert", "none"), None);
        world.put("/api/v1/items/task/t1", task("Read")).await;
        world.advance(WAITS);
        let waiting = world.metrics().await;
        for gauge in ["calsync_freshness_seconds", "calsync_due_lag_seconds"] {
            assert_eq!(waiting.value(gauge, &[]), Some(WAITS as f64), "{gauge}");
        }
        let put = [("method", "PUT"), ("route", "/api/v1/items/{kind}/{item_id}"), ("status", "201")];
        assert_eq!(waiting.value("calsync_http_requests_total", &put), Some(1.0));
        assert_eq!(waiting.value("calsync_http_request_duration_seconds_count", &put[..2]), Some(1.0));
        world.sync().await;
        let synced = world.metrics().await;
        assert_eq!(synced.value("calsync_freshness_seconds", &[]), Some(0.0));
        assert_eq!(calls(&synced, "events.insert", "none"), Some(1.0));
        let insert = [("method", "events.insert")];
        assert_eq!(synced.value("calsync_google_call_duration_seconds_count", &insert), Some(1.0));
        let inserted = [("operation", "insert"), ("outcome", "done")];
        assert_eq!(synced.value("calsync_attempts_total", &inserted), Some(1.0));
        assert_eq!(synced.value("calsync_connections", &[("state", "active")]), Some(1.0));
        assert_eq!(synced.value("calsync_database_up", &[]), Some(1.0));
    }

    async fn what_was_sent_to_google_is_what_google_got(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        connect(&world, "new").await;
        world.put("/api/v1/items/task/t1", task("Read")).await;
        world.sync().await;
        world.google.set_faults(serde_json::from_value(json!([
            {"match": {"method": "events.update"}, "effect": {"status": 503}, "times": 2},
            {"match": {"method": "token"}, "effect": {"status": 500}, "times": 1},
        ])).unwrap());
        world.put("/api/v1/items/task/t1", task("Read on")).await;
        for _ in 0..6 {
            world.advance(3_600);
            world.sync().await;
        }
        let metrics = world.metrics().await;
        let got = world.google.state()["requests"].as_object().unwrap().clone();
        // The consent page is visited by the user, not by us.
        let got: BTreeMap<&str, f64> =
            got.iter().filter(|(method, _)| *method != "auth").map(|(method, n)| (method.as_str(), n.as_f64().unwrap())).collect();
        let sent: BTreeMap<&str, f64> = got.keys()
            .map(|method| (*method, metrics.sum("calsync_google_calls_total", ("method", method)))).collect();
        assert_eq!(sent, got);
        assert_eq!(calls(&metrics, "events.update", "google_unavailable"), Some(2.0));
        assert_eq!(metrics.value("calsync_token_refreshes_total", &[("reason", "google_unavailable")]), Some(1.0));
        let failed = [("operation", "update"), ("outcome", "unknown")];
        assert_eq!(metrics.value("calsync_attempts_total", &failed), Some(2.0));
    }
}

#[tokio::test]
async fn connections_are_counted_again_after_a_minute() {
    let world = HttpWorld::new().await;
    let connecting = async || world.metrics().await.value("calsync_connections", &[("state", "connecting")]);
    assert_eq!(connecting().await, Some(0.0));
    connect(&world, "new").await;
    world.advance(59);
    assert_eq!(connecting().await, Some(0.0));
    world.advance(1);
    assert_eq!(connecting().await, Some(1.0));
}

#[tokio::test]
async fn a_database_that_does_not_answer_takes_nothing_else_away() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.engine.store().close().await;
    let metrics = world.metrics().await;
    assert_eq!(metrics.value("calsync_database_up", &[]), Some(0.0));
    assert_eq!(metrics.value("calsync_freshness_seconds", &[]), None, "what isn't known isn't told");
    assert_eq!(calls(&metrics, "token", "none"), Some(1.0));
}

#[tokio::test]
async fn labels_take_no_value_of_a_callers() {
    let world = HttpWorld::new().await;
    world.get("/api/v1/users/somebody").await;
    world.get("/nothing/is/here").await;
    world.call(Method::from_bytes(b"SURPRISE").unwrap(), "/api/v1/users/somebody", "").await;
    let metrics = world.metrics().await;
    let requests = &metrics.0["calsync_http_requests_total"].samples;
    let seen: BTreeSet<(&str, &str, &str)> = requests
        .keys()
        .map(|(_, labels)| (&*labels["method"], &*labels["route"], &*labels["status"]))
        .collect();
    let known = ("GET", "/api/v1/users/{user_id}", "404");
    assert_eq!(seen, [known, ("other", "none", "404"), ("other", "none", "405")].into());
}

/// A line of the page: type and labels.
type Listed = (String, BTreeSet<String>);

fn listed() -> BTreeMap<String, Listed> {
    let page = fs::read_to_string(repository().join("docs/metrics.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `calsync_"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, means, _alert] = cells[..] else { panic!("not five cells: {row}") };
        assert!(means.len() > 20, "{row}");
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned()).collect();
        (name.trim_matches('`').to_owned(), (kind.to_owned(), labels))
    })
    .collect()
}

#[tokio::test]
async fn the_page_lists_what_is_exported() {
    let world = HttpWorld::new().await;
    // A connection, an item and a disconnect.
    left_over(&world).await;
    let exported = world.metrics().await.0;
    let describe = |family: &Family| -> Listed {
        (family.kind.clone(), family.labels().into_iter().map(str::to_owned).collect())
    };
    let exported: BTreeMap<_, _> =
        exported.iter().map(|(name, family)| (name.clone(), describe(family))).collect();
    assert_eq!(exported, listed());
}

#[tokio::test]
async fn the_description_says_what_it_answers() {
    let world = HttpWorld::new().await;
    let description = world.get("/openapi.json").await.json();
    let content = &description["paths"]["/metrics"]["get"]["responses"]["200"]["content"];
    assert_eq!(
        content.as_object().unwrap().keys().collect::<Vec<_>>(),
        [world.get("/metrics").await.header("content-type")]
    );
}
