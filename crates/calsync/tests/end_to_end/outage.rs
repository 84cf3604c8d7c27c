//! An outage of Google, against the built program: a whole one costs next to no calls, of one in parts no outcome
//! is lost, and what waited goes out by itself.
//!
//! Small and short here; `OUTAGE_SECS=300 OUTAGE_USERS=1000 cargo test -p calsync --test end_to_end outage -- --nocapture`
//! is the longer run, with `in_parts` for 120 s and 200 users.

use std::time::Duration;

use calsync_testing::exposition::Exposition;
use calsync_testing::{DatabaseKind, TestDatabase, eventually};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::metrics::scrape;
use crate::world::{Google, World};

/// How soon all is there after the end, in a longer run by itself; one user has a backlog.
const SYNCED_WITHIN: Duration = Duration::from_secs(120);
const BACKLOG_WITHIN: Duration = Duration::from_secs(300);

#[expect(clippy::disallowed_methods, reason = "how long a test runs is for its caller to say")]
fn longer_run(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn email(user: u64) -> Value {
    json!({"email": format!("u{user}@example.org")})
}

/// A task of `user`, as a line of a batch.
fn line(item: &str, user: u64, title: &str) -> String {
    let task = json!({"op": "put", "kind": "task", "item_id": item, "user_ids": [format!("u{user}")],
        "title": title, "due_on": "2031-03-09", "status": "active"});
    task.to_string()
}

async fn requests(google: &Google) -> u64 {
    let state = google.state().await;
    state["requests"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

/// How many of our events stand under `title`, by the first user and by the others.
async fn standing(google: &Google, title: &str) -> (usize, usize) {
    let events = google.our_events().await;
    let titled: Vec<_> = events.iter().filter(|event| event["summary"].as_str() == Some(title)).collect();
    let first = titled.iter().filter(|event| event["account"] == "u0@example.org").count();
    (first, titled.len() - first)
}

/// As many minutes of an outage as there are, and the requests of each.
async fn outage(google: &Google, length: Duration) -> Vec<u64> {
    let (began, mut counts, mut before) = (Instant::now(), Vec::new(), requests(google).await);
    while began.elapsed() < length {
        let minute = Duration::from_secs(60).min(length);
        sleep_until(Instant::now() + minute).await;
        let now = requests(google).await;
        counts.push(now - before);
        before = now;
    }
    counts
}

#[tokio::test]
async fn an_outage_costs_next_to_no_calls_and_ends_by_itself() {
    let users = longer_run("OUTAGE_USERS").unwrap_or(8);
    let length = Duration::from_secs(longer_run("OUTAGE_SECS").unwrap_or(5));
    let backlog = usize::try_from(users * 2).unwrap();
    let google = Google::start(&["--auto-consent", "--enforce-quotas"]).await;
    let world = World::with_google(TestDatabase::new(DatabaseKind::Postgres), google).await;
    for user in 0..users {
        world.connect(&format!("u{user}"), &email(user)).await;
    }
    world.google.set_faults(&json!([{"effect": {"status": 503}}])).await;
    let own = (0..users).map(|user| line(&format!("own-{user}"), user, "Own"));
    let many = (0..backlog).map(|item| line(&format!("many-{item}"), 0, "Many"));
    world.service.batch(&own.chain(many).collect::<Vec<_>>()).await.unwrap();
    let counts = outage(&world.google, length).await;
    println!("{users} connections, {length:?} of 503: requests by minute {counts:?}");
    assert!(counts.iter().skip(1).all(|count| *count <= 2), "{counts:?}");
    world.google.set_faults(&json!([])).await;
    let ended = Instant::now();
    let others = usize::try_from(users).unwrap() - 1;
    eventually("everybody's own change", async || {
        let standing = standing(&world.google, "Own").await;
        (standing == (1, others)).then_some(()).ok_or(standing)
    })
    .await;
    let own_after = ended.elapsed();
    eventually("the backlog", async || {
        let (many, _) = standing(&world.google, "Many").await;
        (many == backlog).then_some(()).ok_or(many)
    })
    .await;
    let backlog_after = ended.elapsed();
    println!("after its end: own changes {own_after:?}, {backlog} of one user {backlog_after:?}");
    if longer_run("OUTAGE_SECS").is_some() {
        assert!(own_after <= SYNCED_WITHIN && backlog_after <= BACKLOG_WITHIN);
    }
}

/// An item of each kind for `user`, as lines of a batch.
fn lines_of_each_kind(user: u64, title: &str) -> Vec<String> {
    let own = |kind: &str, more: Value| {
        let mut line = json!({"op": "put", "kind": kind, "item_id": format!("i{user}"), "title": title,
            "user_ids": [format!("u{user}")], "status": "active"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    vec![
        own("session", json!({"starts_at": "2031-03-09T10:00:00Z", "ends_at": "2031-03-09T11:00:00Z"})),
        own("task", json!({"due_on": "2031-03-09"})),
        own("deadline", json!({"due_on": "2031-03-09"})),
    ]
}

/// What became of calls to Google: rows in the log, and good reads, which are only counted.
async fn outcomes(world: &World) -> [u64; 2] {
    let rows = world.service.database.number("SELECT COUNT(*) FROM calsync.calendar_sync_logs");
    let metrics: Exposition = scrape(&world.service.url).await;
    let good_reads = ["get", "list", "refresh"].map(|operation| {
        let labels = [("operation", operation), ("outcome", "done")];
        metrics.value("calsync_attempts_total", &labels).unwrap_or_default()
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers")]
    let good_reads = good_reads.iter().sum::<f64>() as u64;
    [u64::try_from(rows).unwrap(), good_reads]
}

#[tokio::test]
async fn an_outage_in_parts_loses_no_outcome() {
    let users = longer_run("OUTAGE_USERS").unwrap_or(20);
    let length = Duration::from_secs(longer_run("OUTAGE_SECS").unwrap_or(5));
    let world = World::start(TestDatabase::new(DatabaseKind::Postgres)).await;
    for user in 0..users {
        world.connect(&format!("u{user}"), &email(user)).await;
    }
    // What a consent calls is noted with the consent.
    let of_consents = eventually("everybody's own calendar", async || {
        let [rows, reads] = outcomes(&world).await;
        let calls = requests(&world.google).await;
        (rows == users).then(|| calls - rows - reads).ok_or(rows)
    })
    .await;
    world.google.set_faults(&json!([{"effect": {"status": 503}, "probability": 0.3}])).await;
    let (began, mut rounds) = (Instant::now(), 0);
    while began.elapsed() < length {
        rounds += 1;
        let lines: Vec<_> =
            (0..users).flat_map(|user| lines_of_each_kind(user, &format!("Round {rounds}"))).collect();
        world.service.batch(&lines).await.unwrap();
        sleep_until(Instant::now() + Duration::from_secs(1)).await;
    }
    world.google.set_faults(&json!([])).await;
    let (ended, last, of_each) = (Instant::now(), format!("Round {rounds}"), 3);
    eventually("the last round of everybody", async || {
        let (first, others) = standing(&world.google, &last).await;
        let all = usize::try_from(users * of_each).unwrap();
        (first + others == all).then_some(()).ok_or(first + others)
    })
    .await;
    let synced_after = ended.elapsed();
    let calls = eventually("an outcome of each call", async || {
        let calls = requests(&world.google).await - of_consents;
        let outcomes = outcomes(&world).await;
        (outcomes.iter().sum::<u64>() == calls).then_some((calls, outcomes)).ok_or((calls, outcomes))
    })
    .await;
    let deadlocks = world
        .service
        .database
        .number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    println!(
        "{users} users, 30 % of 503 for {length:?}: (calls, [rows, good reads]) {calls:?}; {deadlocks} deadlocks; \
         all there after {synced_after:?}"
    );
    assert_eq!(deadlocks, 0);
}
