//! What every route promises, told as stories: access, bodies, keys that make retries safe, serving.

#![expect(clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod access;
mod idempotency;
mod input;
mod panics;
mod proxies;
mod serving;
mod trace;
