//! A whole deployment inside one process, under a seed: web, engine and a real database against the
//! simulated Google, with edits on both sides, faults, crashes, clock jumps and several workers.
//!
//! The scheduler polls one job at a time until it ends, parks at a call, or waits for a permit; a seeded
//! generator then picks what happens next. Two phases: under faults nothing may go wrong for good; when
//! faults stop, both sides agree. What a run is like is drawn by its seed ([`RunOptions`]), and the same
//! options give the same trace.

#![expect(clippy::expect_used, reason = "a deployment that cannot be set up ends the run, loudly")]

mod at_google;
mod calendar_changes;
mod chaos;
mod deployment;
mod disconnects;
mod edits;
mod fixtures;
mod heard;
mod invariants;
mod jobs;
mod liveness;
mod many;
mod model;
mod observed;
mod options;
mod pauses;
mod reached;
mod run;
mod standing;
mod transport;
mod users;
mod world;

pub use many::{replay_command, run_many};
pub use options::RunOptions;
pub use reached::Reached;
pub use run::{Report, run};
