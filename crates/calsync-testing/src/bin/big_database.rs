//! Fills a database whose tables are there and empty, as `calsync migrate` leaves them, to look at the
//! console or to measure: `big_database URL [small|full] [--seed N] [--now TIME] [--connections N] …`.

use std::process::ExitCode;

use calsync_testing::big_database::{BigDatabase, Sizes};
use jiff::Timestamp;

/// The schema on Postgres, unless `--schema` says otherwise.
const SCHEMA: &str = "calsync";
/// Until when things happened, unless `--now` says otherwise.
const NOW: &str = "2031-03-01T00:00:00Z";

struct Command {
    url: String,
    schema: String,
    big: BigDatabase,
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let url = words.next().ok_or("which database?")?;
    let now = NOW.parse::<Timestamp>().map_err(|error| error.to_string())?;
    let mut command =
        Command { url, schema: SCHEMA.to_owned(), big: BigDatabase { sizes: Sizes::FULL, seed: 1, now } };
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix("--") else {
            command.big.sizes = word.parse()?;
            continue;
        };
        let value = words.next().ok_or_else(|| format!("--{name} lacks its value"))?;
        let number = || value.parse::<i64>().map_err(|_| format!("--{name} {value} is no number"));
        match name {
            "schema" => command.schema = value,
            "now" => command.big.now = value.parse().map_err(|_| format!("--now {value} is no time"))?,
            "seed" => command.big.seed = number()?.unsigned_abs(),
            "connections" => command.big.sizes.connections = number()?,
            "dead" => command.big.sizes.dead = number()?,
            "mappings" => command.big.sizes.mappings = number()?,
            "attempts" => command.big.sizes.attempts = number()?,
            _ => return Err(format!("--{name} is unknown")),
        }
    }
    Ok(command)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match read(std::env::args().skip(1)) {
        Ok(Command { url, schema, big }) => {
            println!("{big}");
            big.fill(&url, &schema, |table, rows| println!("{rows} {table}")).await;
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            eprintln!(
                "{complaint}\nusage: big_database URL [small|full] [--schema NAME] [--seed N] [--now TIME]"
            );
            eprintln!("    [--connections N] [--dead N] [--mappings N] [--attempts N]");
            ExitCode::from(2)
        }
    }
}
