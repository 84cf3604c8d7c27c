//! What the store promises, told as stories. Each runs on SQLite and on Postgres alike.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod admins;
mod attempts;
mod audit;
mod calendars;
mod changes;
mod clean_ups;
mod concurrency;
mod consent;
mod contention;
mod coverage;
mod disconnects;
mod freshness;
mod grants;
mod integrations;
mod items;
mod leases;
mod mappings;
mod migrations;
mod overview;
mod pauses;
mod pauses_by_admins;
mod plans;
mod platform;
mod raw;
mod read_views;
mod retention;
mod rotation;
mod schema;
mod tokens;
mod unreadable;
mod user_deletions;
mod user_edits;
mod verdicts;
mod webhooks;
mod world;
