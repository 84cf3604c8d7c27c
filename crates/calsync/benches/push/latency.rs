//! How long one change takes: from its PUT to Google's answer, at a steady rate of changes.
//!
//! Changes are sent on schedule whether or not earlier ones have been answered, and their time
//! counts from the schedule: a service that falls behind can't hide it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until};

use crate::google::Google;
use crate::platform::{Platform, item};
use crate::{DELAY_MS, ITEMS};

/// Between two changes: 100 a second.
const BETWEEN_CHANGES: Duration = Duration::from_millis(10);
/// Half of them new items, half edits of items that are there.
const CHANGES: usize = 2_000;

/// Milliseconds from PUT to Google's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// Sends the changes and waits for all of them.
pub(crate) async fn run(google: &Google, platform: &Platform) -> anyhow::Result<Latency> {
    let (inserts, updates) = (google.calls("events.insert").await?, google.calls("events.update").await?);
    let start = (Instant::now(), Timestamp::now());
    let change = |number: usize| async move {
        let after = BETWEEN_CHANGES * u32::try_from(number)?;
        sleep_until(start.0 + after).await;
        let change = match number % 2 {
            0 => item(ITEMS + number, 0),
            _ => item(number * 4, 1),
        };
        platform.put(&change).await?;
        Ok::<_, anyhow::Error>((format!("session:{}", change.0), start.1 + SignedDuration::try_from(after)?))
    };
    let sent: BTreeMap<String, Timestamp> =
        try_join_all((0..CHANGES).map(change)).await?.into_iter().collect();
    google.called("events.insert", usize::try_from(inserts)? + CHANGES / 2).await?;
    google.called("events.update", usize::try_from(updates)? + CHANGES / 2).await?;
    platform.idle().await?;
    let mut times = Vec::with_capacity(CHANGES);
    for event in google.events().await? {
        if let Some(sent) = sent.get(&event.item) {
            times.push(event.updated.duration_since(*sent).as_secs_f64() * 1_000.0 + DELAY_MS as f64);
        }
    }
    ensure!(times.len() == CHANGES, "{} of {CHANGES} changes arrived", times.len());
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(CHANGES * share / 100).copied().context("no times");
    Ok(Latency { p50: at(50)?, p95: at(95)?, p99: at(99)? })
}
