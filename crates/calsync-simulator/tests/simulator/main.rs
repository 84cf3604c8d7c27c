//! The simulator, called in process: what it promises to its callers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story that can't go on fails its test")]

mod batch;
mod calendars;
mod discovery;
mod events;
mod faults;
mod google_client;
mod oauth;
mod pages;
mod recurrence;
mod served;
mod snapshot;
mod sync;
mod world;
mod writers;
