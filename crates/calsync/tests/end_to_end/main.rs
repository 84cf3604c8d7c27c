//! The built program against the simulated Google, on both databases: a platform's month arrives
//! exactly, whatever is killed or fails meanwhile.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod browser;
mod chance;
mod keys;
mod leaks;
mod month;
mod month_arrives;
mod neighbours;
mod other_authorization_server;
mod panics;
mod secrets_stay_secret;
mod stories;
#[path = "../../src/demo/visitor.rs"]
mod visitor;
mod webhook;
mod world;
