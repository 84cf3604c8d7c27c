//! How fast the platform's changes reach Google, and what they cost: `cargo bench --bench push`.
//!
//! The built program and the Google simulator run as child processes on loopback. Everything is
//! printed as a ratio to something measured in the same run, or as a cost an item, with the bar
//! beside it; nothing is asserted about time, since machines differ. What arrived is asserted.
//!
//! Words behind `--` choose parts: `delayed`, `quick`, `peers`, `latency`, `sqlite`, `postgres`.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod bare;
#[path = "../../src/demo/browser_client.rs"]
mod browser_client;
mod events;
mod google;
mod latency;
mod machine;
mod parts;
mod peers;
mod platform;
mod push;
mod report;
mod usage;

use calsync_testing::{DatabaseKind, TestDatabase};

use crate::events::Event;
use crate::google::Google;
use crate::parts::{Part, Parts};
use crate::platform::Platform;
use crate::report::Report;

/// Users, each connected to a Google account of their own.
const USERS: usize = 500;
/// Items, each of one user.
const ITEMS: usize = 10_000;
/// What a call to Google takes in the runs with a delay.
const DELAY_MS: u64 = 50;
/// Calls to Google at once, of the service and of the bare loop.
const CALLS_IN_FLIGHT: usize = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let parts = Parts::from_arguments(std::env::args().skip(1))?;
    let mut report = Report::new(machine::describe()?);
    let mut events = Vec::new();
    for database in parts.databases() {
        if parts.have(Part::Delayed) || parts.have(Part::Latency) {
            events = delayed(&parts, database, &mut report).await?;
        }
        if parts.have(Part::Quick) || (parts.have(Part::Peers) && events.is_empty()) {
            events = quick(database, &mut report).await?;
        }
    }
    if parts.have(Part::Delayed) {
        report.bare = Some(bare::run(DELAY_MS, CALLS_IN_FLIGHT, &events).await?);
    }
    if parts.have(Part::Peers) {
        report.peers = peers::run(&events).await?;
    }
    print!("{report}");
    Ok(())
}

/// With a Google that takes its time: the batch, then single changes at a steady rate.
async fn delayed(parts: &Parts, database: DatabaseKind, report: &mut Report) -> anyhow::Result<Vec<Event>> {
    let (google, platform) = connected(database, DELAY_MS).await?;
    let pushed = push::run(&google, &platform).await?;
    let events = google.events().await?;
    report.delayed.insert(database, pushed);
    if parts.have(Part::Latency) {
        report.latency.insert(database, latency::run(&google, &platform).await?);
    }
    Ok(events)
}

/// With a Google that answers at once: the same batch, bound by what it costs.
async fn quick(database: DatabaseKind, report: &mut Report) -> anyhow::Result<Vec<Event>> {
    let (google, platform) = connected(database, 0).await?;
    let pushed = push::run(&google, &platform).await?;
    report.quick.insert(database, pushed);
    google.events().await
}

async fn connected(database: DatabaseKind, delay_ms: u64) -> anyhow::Result<(Google, Platform)> {
    let google = Google::start(delay_ms).await?;
    let platform = Platform::start(TestDatabase::new(database), &google).await?;
    platform.connect_users(&google).await?;
    Ok((google, platform))
}
