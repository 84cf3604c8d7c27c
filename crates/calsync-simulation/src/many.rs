//! Many runs side by side.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use crate::options::RunOptions;
use crate::reached::Reached;
use crate::run::{Report, run};

/// Runs all of `options` on this many threads, and hands each report on as soon as it is there; what all
/// met.
///
/// # Panics
/// If a deployment can't be set up at all.
pub fn run_many(
    options: impl Iterator<Item = RunOptions> + Send,
    threads: usize,
    each: impl Fn(Report) + Sync,
) -> Reached {
    let waiting = Mutex::new(options);
    let reached = Mutex::new(Reached::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(options) = next else { return };
                    let report = run(options);
                    *reached.lock().unwrap_or_else(PoisonError::into_inner) += report.reached;
                    each(report);
                }
            });
        }
    });
    reached.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What plays a run again, with its trace.
pub fn replay_command(options: &RunOptions) -> String {
    format!("cargo run -p calsync-simulation -- {options}")
}
