//! Everything that calsync keeps: one SQL text for SQLite and Postgres, sealed secrets, counted
//! wakes, fenced leases.
//!
//! A caller opens a [`Tx`], calls the functions of the modules below, and commits. Nothing here
//! calls Google, and no transaction is held across a call to it.

pub mod admins;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod calendars;
pub mod changes;
pub mod clean_ups;
pub mod connection_counts;
pub mod consent;
mod db;
pub mod deleted_items;
mod dialect;
pub mod disconnects;
mod error;
pub mod freshness;
pub mod idempotency;
pub mod integrations;
pub mod items;
mod key_check;
pub mod leases;
pub mod mappings;
pub mod meta;
pub mod overview;
pub mod passwords;
pub mod pauses;
mod pool_usage;
mod query_builder;
pub mod refusals;
pub mod rotation;
mod rows;
mod schema;
pub mod secrets;
pub mod sign_ins;
mod store;
pub mod sync_errors;
mod text;
mod time;
pub mod transaction;
pub mod user_deletions;
pub mod user_edits;
pub mod user_search;
pub mod users;
pub mod verdicts;
pub mod webhooks;

pub use db::{LeaseClock, Tx};
pub use error::StoreError;
pub use pool_usage::PoolUsage;
pub use store::{Store, StoreOptions};

/// What every query answers.
pub type Result<T> = std::result::Result<T, StoreError>;
