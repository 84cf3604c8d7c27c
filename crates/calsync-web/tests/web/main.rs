//! calsync over HTTP, told as stories: in process, over a real database and a simulated Google.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod access;
mod batch;
mod browser_client;
mod calendar_wishes;
mod changes;
mod connect;
mod connect_outcomes;
mod console;
mod console_disconnect;
mod console_reconnect;
mod description;
mod disconnect_wait;
mod given_up;
mod idempotency;
mod input;
mod integrations;
mod items;
mod languages;
mod leaving;
mod overview;
mod panics;
mod proxies;
mod refusals;
mod serving;
mod settings;
mod user_error_pages;
mod users;
mod webhooks;
mod world;
