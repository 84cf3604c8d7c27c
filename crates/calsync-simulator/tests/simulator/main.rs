//! The simulator, called in process: what it promises to its callers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story that can't go on fails its test")]

mod events;
mod faults;
mod oauth;
mod sync;
mod world;
