//! A request that panics harms no other: it is answered as a fault of ours, and whoever waits for
//! its end hears of it. The panic's own words go nowhere, since they may hold anything.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::problem::Problem;

/// What `work` gives, or the problem of its panic.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Problem::panicked())
}
