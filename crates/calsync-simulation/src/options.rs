//! What a run is like: drawn by its seed, printed before anything else, and given on the command line
//! to play a run again in another way.

use std::fmt;

use calsync_testing::{DatabaseKind, SeededRng};

use crate::fixtures::USERS;

/// Every so many seeds one runs on Postgres.
const POSTGRES_EVERY: u64 = 100;

/// The fewest permits that a seed draws.
const FEW_PERMITS_MIN: usize = 1;

/// What a run is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// From which all is drawn.
    pub seed: u64,
    /// On which database.
    pub database: DatabaseKind,
    numbers: Numbers,
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $flag:literal $least:literal to $most:expr,)+) => {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        struct Numbers { $($name: usize,)+ }

        impl RunOptions {
            $($(#[$doc])* pub(crate) const fn $name(&self) -> usize { self.numbers.$name })+

            /// Each number with its flag, its least and its greatest value.
            fn each_number(&mut self) -> Vec<(&'static str, &mut usize, usize, usize)> {
                vec![$(($flag, &mut self.numbers.$name, $least, $most),)+]
            }
        }
    };
}

numbers! {
    /// Users.
    users "users" 1 to USERS.len(),
    /// Sessions of the platform.
    sessions "sessions" 0 to 50,
    /// Tasks.
    tasks "tasks" 0 to 50,
    /// Deadlines.
    deadlines "deadlines" 0 to 50,
    /// Calls to Google under way at once, of the whole process.
    permits "permits" 1 to 100,
    /// Calls to Google under way at once, of one pass.
    calls_at_once "calls" 1 to 20,
    /// Items that a pass looks at.
    mappings_per_pass "mappings" 1 to 200,
    /// Workers that take turns.
    workers "workers" 1 to 4,
    /// Rounds of chaos and settling.
    rounds "rounds" 1 to 10,
    /// Things that happen in a round.
    steps "steps" 1 to 1_000,
    /// Per cent of calls whose answer is lost.
    lost_answers "lost" 0 to 100,
    /// Per cent of calls that are never sent.
    not_sent "unsent" 0 to 100,
    /// Per cent of calls that are answered 5xx.
    server_errors "errors" 0 to 100,
    /// Per cent of calls that are told to slow down.
    rate_limits "limits" 0 to 100,
    /// How often time passes, of 100 things that happen.
    time_jumps "jumps" 1 to 30,
    /// How often the process dies, of 100 things that happen.
    crashes "crashes" 0 to 30,
    /// How often users change owned fields, of 100 edits in Google.
    field_edits "fields" 0 to 100,
    /// How often users take our access away in Google, of 1,000 things that happen.
    revocations "revocations" 0 to 100,
    /// How often the platform deletes a user, of 1,000 things that happen.
    deletions "deletions" 0 to 100,
    /// Units of an account's quota that the process uses in a minute; 0 is no limit.
    user_quota "quota" 0 to 600,
    /// How often an admin pauses something or ends that, of 1,000 things that happen.
    pauses "pauses" 0 to 100,
}

impl RunOptions {
    /// Whether the same options give the same trace, to the letter.
    pub fn is_repeatable(&self) -> bool {
        self.database == DatabaseKind::Sqlite
    }

    /// What `seed` draws.
    pub fn draw(seed: u64) -> Self {
        // A stream of its own: what is drawn here changes nothing of what happens then.
        let rng = SeededRng::new(seed ^ 0x5EED_0F0F_0971_0115);
        let between = |least: usize, most: usize| least + rng.below(most - least + 1);
        let database = if seed % POSTGRES_EVERY == POSTGRES_EVERY - 1 {
            DatabaseKind::Postgres
        } else {
            DatabaseKind::Sqlite
        };
        let few_permits = rng.percent(40);
        // A quiet run goes deep, one of many faults goes wild.
        let faults = *rng.pick(&[0, 1, 1, 2]);
        let numbers = Numbers {
            users: between(1, USERS.len()),
            sessions: between(0, 4),
            tasks: between(0, 4),
            deadlines: between(0, 2),
            permits: if few_permits { between(FEW_PERMITS_MIN, 8) } else { between(9, 100) },
            calls_at_once: between(1, 8),
            mappings_per_pass: if rng.percent(30) { between(1, 3) } else { 200 },
            workers: between(1, 3),
            rounds: 2,
            steps: between(40, 80),
            lost_answers: faults * between(2, 12),
            not_sent: faults * between(1, 6),
            server_errors: faults * between(1, 8),
            rate_limits: faults * between(0, 8),
            time_jumps: between(2, 8),
            // There leases and claims end by the database's own clock, for which no seed waits.
            crashes: between(0, 6),
            field_edits: between(0, 60),
            revocations: *rng.pick(&[0, 0, 5, 15]),
            deletions: *rng.pick(&[0, 0, 5, 10]),
            user_quota: *rng.pick(&[0, 0, 600, 30, 8]),
            pauses: *rng.pick(&[0, 0, 0, 20, 60]),
        };
        let mut options = Self { seed, database, numbers };
        if options.items() == 0 {
            options.numbers.tasks = 1;
        }
        options
    }

    /// Items of the platform.
    pub(crate) const fn items(&self) -> usize {
        self.numbers.sessions + self.numbers.tasks + self.numbers.deadlines
    }

    /// Sets the option `flag` from its text.
    ///
    /// # Errors
    /// In words, if there is no such option or it can't be so.
    pub fn set(&mut self, flag: &str, text: &str) -> Result<(), String> {
        if flag == "database" {
            self.database = match text {
                "sqlite" => DatabaseKind::Sqlite,
                "postgres" => DatabaseKind::Postgres,
                _ => return Err(format!("--database is sqlite or postgres, not {text}")),
            };
            return Ok(());
        }
        let mut numbers = self.each_number();
        let Some((_, value, least, most)) = numbers.iter_mut().find(|(name, ..)| *name == flag) else {
            return Err(format!("there is no option --{flag}"));
        };
        let given = text.parse().ok().filter(|given| (*least..=*most).contains(given));
        **value = given.ok_or_else(|| format!("--{flag} is a number from {least} to {most}, not {text}"))?;
        Ok(())
    }
}

/// As the command line that plays the run again.
impl fmt::Display for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = match self.database {
            DatabaseKind::Sqlite => "sqlite",
            DatabaseKind::Postgres => "postgres",
        };
        write!(f, "{} --database {database}", self.seed)?;
        for (flag, value, ..) in self.clone().each_number() {
            write!(f, " --{flag} {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_gives_the_same_run_again() {
        for seed in [1, 7, 99] {
            let drawn = RunOptions::draw(seed);
            let mut read = RunOptions { numbers: Numbers::default(), ..RunOptions::draw(seed) };
            let printed = drawn.to_string();
            let words: Vec<&str> = printed.split(' ').collect();
            for mapping in words[1..].chunks(2) {
                read.set(mapping[0].trim_start_matches("--"), mapping[1]).expect("a printed option");
            }
            assert_eq!(read, drawn);
        }
    }

    #[test]
    fn what_no_run_can_be_is_refused() {
        let mut options = RunOptions::draw(1);
        for (flag, text) in [("permits", "0"), ("permits", "few"), ("database", "paper"), ("wings", "2")] {
            assert!(options.set(flag, text).is_err(), "--{flag} {text}");
        }
    }

    #[test]
    fn every_hundredth_seed_runs_on_postgres() {
        let on_postgres = (0..300).filter(|seed| RunOptions::draw(*seed).database == DatabaseKind::Postgres);
        assert_eq!(on_postgres.count(), 3);
    }
}
