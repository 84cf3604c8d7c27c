//! What the tests of the other crates share: throwaway databases, the built
//! binary as a child process, bounded waiting, and the tools that tests drive.
//!
//! Whatever a test starts here ends with the test, or at the latest with the
//! test's process. Helpers panic with a message that says what to do; nothing
//! here is part of the product.

#![expect(clippy::expect_used, clippy::panic, reason = "test code: a failed helper is a failed test")]

#[cfg(feature = "big-database")]
pub mod big_database;
#[cfg(feature = "browser")]
pub mod browser;
mod clock;
mod database;
mod eventually;
pub mod exposition;
mod log;
mod postgres;
mod program;
mod rng;
pub mod statements;
pub mod tools;
#[cfg(feature = "world")]
#[expect(clippy::unwrap_used, missing_docs, reason = "test code: a failed step is a failed test")]
pub mod world;

pub use clock::ManualClock;
pub use database::{DatabaseKind, TestDatabase};
pub use eventually::{HANGS_AFTER, Observation, eventually};
pub use log::Log;
pub use postgres::Postgres;
pub use program::Program;
pub use rng::SeededRng;
