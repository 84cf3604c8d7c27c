//! The batch: from the first byte sent to the last event at Google.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;

use crate::ITEMS;
use crate::google::Google;
use crate::platform::{Platform, item};

/// What a batch took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pushed {
    /// From the first byte sent to the last event at Google.
    pub(crate) time: Duration,
    /// The service's processor time.
    pub(crate) service: Duration,
    /// The simulator's processor time.
    pub(crate) simulator: Duration,
    /// The most memory that the service ever held.
    pub(crate) peak_memory_mb: f64,
}

/// Sends the batch, and checks that every item arrived, once.
pub(crate) async fn run(google: &Google, platform: &Platform) -> anyhow::Result<Pushed> {
    let batch = batch()?;
    let service_before = platform.idle().await?;
    let simulator_before = google.processor_time()?;
    let start = Instant::now();
    let (sent, arrived) = tokio::join!(platform.send(batch, ITEMS), google.called("events.insert", ITEMS));
    sent?;
    let time = arrived? - start;
    let service = platform.idle().await? - service_before;
    let simulator = google.processor_time()? - simulator_before;
    let items: BTreeSet<String> = google.events().await?.into_iter().map(|event| event.item).collect();
    let calls = google.calls("events.insert").await?;
    ensure!(items.len() == ITEMS && calls == ITEMS as u64, "{} items by {calls} calls", items.len());
    Ok(Pushed { time, service, simulator, peak_memory_mb: platform.peak_memory_mb()? })
}

/// All items as lines; neighbours are of different users, the harder order.
fn batch() -> anyhow::Result<Bytes> {
    let mut lines = Vec::new();
    for index in 0..ITEMS {
        let (name, mut body) = item(index, 0);
        body["op"] = "put".into();
        body["kind"] = "session".into();
        body["item_id"] = name.into();
        serde_json::to_writer(&mut lines, &body)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}
