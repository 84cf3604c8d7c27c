//! A few seeds on every run of the tests; many by the crate's program.

use calsync_simulation::run;

/// Seeds in every run.
const SEEDS: u64 = 50;

#[test]
fn no_seed_breaks_an_invariant_and_the_suite_meets_what_it_must() {
    let (mut lost_answers, mut crashes, mut disconnects, mut moves) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let report = run(seed);
        if let Some(broken) = report.broken {
            panic!("seed {seed}: {broken}\n{}", report.trace.join("\n"));
        }
        lost_answers += report.reached.lost_answers;
        crashes += report.reached.crashes;
        disconnects += report.reached.disconnects;
        moves += report.reached.moves;
    }
    println!("{SEEDS} seeds, {lost_answers} lost answers, {crashes} crashes with calls under way");
    assert!(lost_answers > 100 && crashes > 20, "{lost_answers} lost answers, {crashes} crashes");
    assert!(disconnects > 50 && moves > 50, "{disconnects} disconnects, {moves} changes of calendar");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let (first, second) = (run(7), run(7));
    assert_eq!(first.trace, second.trace);
}
