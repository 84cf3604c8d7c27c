//! What the planner, the merge and the rendering promise, tried with random stories against a
//! small Google of the test's own.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod convergence;
mod google;
mod merge;
mod notes;
mod pacer;
mod render;
mod service;

/// `count` cases of a property, or as many times that as `CALSYNC_TEST_FACTOR` says.
#[expect(clippy::disallowed_methods, reason = "how long a test runs is for its caller to say")]
fn cases(count: u32) -> proptest::test_runner::Config {
    let factor = std::env::var("CALSYNC_TEST_FACTOR").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    proptest::test_runner::Config::with_cases(count.saturating_mul(factor))
}
