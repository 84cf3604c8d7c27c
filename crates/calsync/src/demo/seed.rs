//! The demo's users and items, and the traffic that keeps them moving. Each user connects by the
//! real way: link, consent at the simulator, callback.

use std::time::Duration;

use calsync_core::env::Clock;
use calsync_google::HttpTransport;
use http::Method;
use jiff::{Timestamp, ToSpan};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::browser_client::{Platform, connect};
use crate::system::SystemClock;

/// Time between two changes of the live traffic.
const CHANGE_EVERY: Duration = Duration::from_secs(5);

/// Id, name, zone, language.
const USERS: [(&str, &str, &str, &str); 6] = [
    ("ana", "Ana Sousa", "Europe/Lisbon", "en"),
    ("ben", "Ben Carter", "America/New_York", "en"),
    ("haru", "佐藤 陽", "Asia/Tokyo", "ja"),
    ("jiwoo", "김지우", "Asia/Seoul", "ko"),
    ("mira", "Mira Nair", "Asia/Kolkata", "en"),
    ("tom", "Tom Weber", "Europe/Berlin", "en"),
];

/// Fills the service, then keeps changing something until `stop`.
pub(crate) async fn run(url: &str, key: &SecretString, stop: CancellationToken) {
    let transport = match HttpTransport::new() {
        Ok(transport) => transport,
        Err(error) => {
            return tracing::error!(error = error.message, "the demo could not create an HTTP client");
        }
    };
    let platform = Platform { transport: &transport, url, key };
    if let Err(error) = seed(&platform).await {
        tracing::error!(%error, "could not seed the demo");
        return;
    }
    println!("{} users are connected and syncing", USERS.len());
    let mut changes = 0_usize;
    while tokio::time::timeout(CHANGE_EVERY, stop.cancelled()).await.is_err() {
        changes += 1;
        if let Err(error) = change(&platform, changes).await {
            tracing::warn!(%error, "a demo change failed");
        }
    }
}

async fn seed(platform: &Platform<'_>) -> anyhow::Result<()> {
    for (id, name, zone, locale) in USERS {
        let user =
            json!({"email": format!("{id}@example.org"), "name": name, "time_zone": zone, "locale": locale});
        platform.call(Method::PUT, &format!("/users/{id}"), &user).await?;
        let link = platform.call(Method::POST, &format!("/users/{id}/connect-link"), &json!({})).await?;
        connect(platform.transport, link["url"].as_str().unwrap_or_default()).await?;
    }
    for index in 0..USERS.len() {
        for (path, item) in items_of(index) {
            platform.call(Method::PUT, &path, &item).await?;
        }
    }
    Ok(())
}

/// A session with the next user, a task and a deadline.
fn items_of(index: usize) -> [(String, Value); 3] {
    let (user, name, ..) = USERS[index];
    let (mentor, ..) = USERS[(index + 1) % USERS.len()];
    let day = i64::try_from(index).unwrap_or(0) + 1;
    let start = in_days(day);
    let session = json!({
        "user_ids": [user, mentor], "title": format!("Mentoring: {name}"), "starts_at": start,
        "ends_at": start.saturating_add(1.hour()).unwrap_or(start), "status": "active",
        "description": "Bring two questions.", "meeting_url": format!("https://meet.example.org/{user}-{mentor}"),
    });
    let task = json!({
        "user_ids": [user], "title": "Rewrite the summary of your CV", "due_at": in_days(day + 1),
        "estimated_minutes": 45, "status": "active",
    });
    let deadline = json!({
        "user_ids": [user], "title": "Application: data engineer", "status": "active",
        "due_on": in_days(day + 4).strftime("%Y-%m-%d").to_string(),
    });
    [
        (format!("/items/session/s-{user}"), session),
        (format!("/items/task/t-{user}"), task),
        (format!("/items/deadline/d-{user}"), deadline),
    ]
}

/// One small change: a session moves by a quarter of an hour, or a task is done and undone.
async fn change(platform: &Platform<'_>, count: usize) -> anyhow::Result<()> {
    let index = count % USERS.len();
    let [session, task, _] = items_of(index);
    let (path, mut item) = if count.is_multiple_of(2) { session } else { task };
    if path.contains("/task/") {
        let is_done = (count / USERS.len()).is_multiple_of(2);
        item["status"] = if is_done { "completed" } else { "active" }.into();
    } else {
        let quarters = i64::try_from(count % 8).unwrap_or(0);
        for field in ["starts_at", "ends_at"] {
            let time: Timestamp = item[field].as_str().unwrap_or_default().parse()?;
            item[field] = time.saturating_add((15 * quarters).minutes())?.to_string().into();
        }
    }
    platform.call(Method::PUT, &path, &item).await?;
    Ok(())
}

/// The full hour, in so many days.
fn in_days(days: i64) -> Timestamp {
    let now = SystemClock.now();
    let hour = Timestamp::from_second(now.as_second() / 3_600 * 3_600).unwrap_or(now);
    hour.saturating_add((24 * days).hours()).unwrap_or(hour)
}
