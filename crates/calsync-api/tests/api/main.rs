//! The API, told as stories: in process, over a real database and a simulated Google.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod batch;
mod changes;
mod description;
mod integrations;
mod items;
mod leaving;
mod metrics;
mod overview;
mod pauses;
mod refusals;
mod trace;
mod users;
mod webhooks;
