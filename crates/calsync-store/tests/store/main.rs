//! What the store promises, told as stories. Each runs on SQLite and on Postgres alike.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod admins;
mod attempts;
mod audit;
mod changes;
mod clean_ups;
mod client_trouble;
mod concurrency;
mod connect;
mod contention;
mod coverage;
mod disconnects;
mod forget;
mod grants;
mod integrations;
mod items;
mod leases;
mod mappings;
mod migrations;
mod overview;
mod plans;
mod platform;
mod raw;
mod rotation;
mod schema;
mod tokens;
mod unreadable;
mod webhooks;
mod world;
