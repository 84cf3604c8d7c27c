//! Runs seeds: `calsync-simulation FIRST COUNT`, or one with its trace: `calsync-simulation SEED`. After
//! that come options in place of what the seed draws, such as `--permits 1`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use calsync_simulation::{RunOptions, replay_command, run, run_many};

/// Seeds that run side by side unless `--threads` says otherwise.
const THREADS: usize = 2;

fn main() -> ExitCode {
    match Command::read(std::env::args().skip(1)) {
        Ok(command) => command.run(),
        Err(complaint) => {
            eprintln!(
                "{complaint}\nusage: calsync-simulation SEED | FIRST COUNT [--threads N] [--OPTION VALUE]…"
            );
            eprintln!("options, as seed 0 draws them: {}", RunOptions::draw(0));
            ExitCode::from(2)
        }
    }
}

struct Command {
    seeds: Vec<u64>,
    options: Vec<(String, String)>,
    threads: usize,
}

impl Command {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut command = Self { seeds: Vec::new(), options: Vec::new(), threads: THREADS };
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                command.seeds.push(word.parse().map_err(|_| format!("{word} is no seed"))?);
                continue;
            };
            let value = words.next().ok_or_else(|| format!("--{flag} lacks its value"))?;
            if flag == "threads" {
                command.threads = value.parse().map_err(|_| format!("{value} is no number of threads"))?;
            } else {
                RunOptions::draw(0).set(flag, &value)?;
                command.options.push((flag.to_owned(), value));
            }
        }
        match command.seeds.len() {
            1 | 2 => Ok(command),
            _ => Err("which seed?".to_owned()),
        }
    }

    fn options_of(&self, seed: u64) -> RunOptions {
        let mut options = RunOptions::draw(seed);
        for (flag, value) in &self.options {
            // They were read before.
            let _ = options.set(flag, value);
        }
        options
    }

    fn run(&self) -> ExitCode {
        let [first, rest @ ..] = self.seeds.as_slice() else { return ExitCode::from(2) };
        let Some(count) = rest.first() else {
            let options = self.options_of(*first);
            println!("{options}");
            let report = run(options);
            for line in &report.trace {
                println!("{line}");
            }
            return verdict(report.broken);
        };
        let broken = AtomicU64::new(0);
        let options = (*first..first + count).map(|seed| self.options_of(seed));
        let mut reached = run_many(options, self.threads, |report| {
            if let Some(why) = report.broken {
                broken.fetch_add(1, Ordering::Relaxed);
                println!("{}\n  {why}", replay_command(&report.options));
            }
        });
        let broken = broken.into_inner();
        for (name, number) in reached.each() {
            println!("{number} {name}");
        }
        verdict((broken > 0).then(|| format!("{broken} of {count} seeds are broken")))
    }
}

fn verdict(broken: Option<String>) -> ExitCode {
    match broken {
        None => {
            println!("nothing broken");
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}
