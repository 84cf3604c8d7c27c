//! A whole deployment inside one process, under a seed: web, engine and a real SQLite file against
//! the simulated Google, with edits on both sides, faults, crashes, clock jumps and two workers.
//!
//! The scheduler polls one engine job at a time until it ends or parks at a call to Google; a
//! seeded generator then picks what happens next. Two phases: under faults nothing may go wrong
//! for good; when faults stop, both sides agree. The same seed gives the same trace.

#![expect(clippy::expect_used, reason = "a deployment that cannot be set up ends the run, loudly")]

mod chance;
mod chaos;
mod clock;
mod deployment;
mod invariants;
mod moves;
mod observed;
mod partings;
mod people;
mod run;
mod seam;
mod settle;
mod wishes;

pub use run::{Report, run};
