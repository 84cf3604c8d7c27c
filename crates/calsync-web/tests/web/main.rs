//! calsync over HTTP, told as stories: in process, over a real database and a simulated Google.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod access;
mod batch;
mod connect;
mod console;
mod console_disconnect;
mod description;
mod idempotency;
mod input;
mod integrations;
mod items;
mod refusals;
mod serving;
mod users;
mod world;
