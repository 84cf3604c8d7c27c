//! A few seeds on every run of the tests; many by the crate's program.

use calsync_simulation::{RunOptions, replay_command, run, run_many};

/// Seeds in every run: two of them on Postgres.
const SEEDS: u64 = 200;
/// As many as machines have cores at least.
const THREADS: usize = 2;

#[test]
fn no_seed_breaks_an_invariant_and_the_suite_meets_what_it_must() {
    let mut reached = run_many((0..SEEDS).map(RunOptions::draw), THREADS, |report| {
        if let Some(broken) = report.broken {
            panic!("{broken}\n{}\n{}", report.trace.join("\n"), replay_command(&report.options));
        }
    });
    for (name, number) in reached.each() {
        println!("{number} {name}");
        assert!(*number >= 10, "{number} {name} only");
    }
}

#[test]
fn the_same_options_give_the_same_trace() {
    for seed in [7, 8] {
        let options = RunOptions::draw(seed);
        assert!(options.is_repeatable());
        let (first, second) = (run(options.clone()), run(options));
        assert_eq!(first.trace, second.trace);
    }
}
