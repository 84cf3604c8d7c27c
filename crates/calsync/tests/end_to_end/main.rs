//! The built program against the simulated Google, on both databases: a platform's month arrives
//! exactly, whatever is killed or fails meanwhile.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod browser;
#[path = "../../src/demo/browser_client.rs"]
mod browser_client;
mod floods;
mod keys;
mod leaks;
mod metrics;
mod month;
mod month_arrives;
mod neighbours;
mod other_authorization_server;
mod outage;
mod panics;
mod rng;
mod secrets_stay_secret;
mod shutdown;
mod stories;
mod webhook;
mod world;
