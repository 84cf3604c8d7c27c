//! Runs seeds: `calsync-simulation FIRST COUNT`, or one with its trace: `calsync-simulation SEED`.

use std::process::ExitCode;

use calsync_simulation::run;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    match numbers[..] {
        [seed] => {
            let report = run(seed);
            for line in &report.trace {
                println!("{line}");
            }
            verdict(seed, report.broken)
        }
        [first, count] => {
            for seed in first..first + count {
                if let Some(broken) = run(seed).broken {
                    return verdict(seed, Some(broken));
                }
            }
            println!("{count} seeds from {first}: nothing broken");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: calsync-simulation SEED | FIRST COUNT");
            ExitCode::from(2)
        }
    }
}

fn verdict(seed: u64, broken: Option<String>) -> ExitCode {
    match broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            println!("seed {seed}: {broken}");
            ExitCode::FAILURE
        }
    }
}
