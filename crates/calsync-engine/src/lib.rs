//! The engine: it keeps Google as the platform wants it.
//!
//! It reconciles and never replays: a pass over one integration compares what is wanted with what
//! is known of Google and does what is left to do. What waits is a row with a due time, so a crash
//! at any point loses nothing.

pub mod consent;
pub mod disconnect;
mod engine;
mod error;
pub mod feed;
pub mod google;
mod job;
pub mod maintenance;
pub mod metrics;
mod ownership;
pub mod reconcile;
mod retention;
pub mod roll_up;
pub mod scrape;
pub mod target_calendar;
pub mod trace;
mod transaction;
pub mod user_deletion;
mod webhook_client;
pub mod webhooks;
pub mod worker;

pub use engine::{Engine, EngineOptions, Settings};
pub use error::EngineError;
