//! Everything that calsync keeps: one SQL text for SQLite and Postgres, sealed secrets, counted
//! wakes, fenced leases.
//!
//! A caller opens a [`Tx`], calls the functions of the modules below, and commits. Nothing here
//! calls Google, and no transaction is held across a call to it.

pub mod api_keys;
pub mod attempts;
pub mod audit;
mod canary;
pub mod connect;
mod db;
mod dialect;
pub mod disconnects;
mod error;
pub mod idempotency;
pub mod integrations;
pub mod items;
pub mod leases;
pub mod mappings;
pub mod meta;
pub mod refusals;
pub mod rotation;
pub mod secrets;
mod text;
mod time;
pub mod users;

pub use db::{Store, StoreOptions, Tx};
pub use error::StoreError;

/// What every query answers.
pub type Result<T> = std::result::Result<T, StoreError>;
