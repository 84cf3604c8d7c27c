//! What the planner, the merge and the rendering promise, tried with random stories against a
//! small Google of the test's own.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod convergence;
mod google;
mod merge;
mod notes;
mod render;
mod service;
