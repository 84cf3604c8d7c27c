//! What a deployment costs in which nothing is to be done: `cargo bench -p calsync-engine --bench idle`.
//!
//! All loops of a worker run over a big database whose every due time lies ahead. What the process and,
//! on Postgres, the server's sessions of its database take of a core is printed. Words behind `--` choose
//! what: `sqlite`, `postgres`, `small`, `full`.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a benchmark reads the clock")]

use std::fs::read_to_string;
use std::time::{Duration, Instant};

use calsync_engine::worker;
use calsync_testing::big_database::{BigDatabase, Sizes};
use calsync_testing::world::World;
use calsync_testing::{DatabaseKind, TestDatabase};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

/// What the start has to do is over by then.
const WARM_UP: Duration = Duration::from_secs(10);
/// How long is looked.
const LOOK: Duration = Duration::from_secs(60);
/// The kernel's unit of processor time in `/proc`, on every Linux of today.
const TICKS_A_SECOND: f64 = 100.0;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let sizes = words.iter().find_map(|word| word.parse().ok()).unwrap_or(Sizes::FULL);
    for (kind, name) in [(DatabaseKind::Sqlite, "sqlite"), (DatabaseKind::Postgres, "postgres")] {
        let other = if name == "sqlite" { "postgres" } else { "sqlite" };
        if !words.iter().any(|word| word == other) || words.iter().any(|word| word == name) {
            look(kind, name, sizes).await;
        }
    }
}

async fn look(kind: DatabaseKind, name: &str, sizes: Sizes) {
    let world = World::new(TestDatabase::new(kind)).await;
    // Whatever was due within the last 90 days is still to come.
    let now = world.engine.now() + SignedDuration::from_hours(24 * 100);
    let big = BigDatabase { sizes, seed: 1, now };
    big.fill(&world.database.url, "calsync", |_, _| {}).await;
    world.sql("UPDATE users SET deleting_since = NULL").await;
    let stop = CancellationToken::new();
    let loops = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
    tokio::time::sleep(WARM_UP).await;
    let sessions = world.sessions().await;
    let (before, began) = (processor_seconds(&sessions), Instant::now());
    tokio::time::sleep(LOOK).await;
    let used = processor_seconds(&sessions) - before;
    let share = 100.0 * used / began.elapsed().as_secs_f64();
    println!("{name}: {share:.2} % of a core with {} connections ({big})", sizes.connections);
    stop.cancel();
    loops.await.unwrap().unwrap();
}

/// The processor time of this process and of `sessions`, so far.
fn processor_seconds(sessions: &[i32]) -> f64 {
    let files = sessions.iter().map(|id| format!("/proc/{id}/stat")).chain(["/proc/self/stat".to_owned()]);
    let ticks = files.filter_map(|file| {
        let stat = read_to_string(file).ok()?;
        // The second field, the name in brackets, may hold anything; user and system time are the 14th and 15th.
        let rest = stat.rsplit_once(')')?.1;
        Some(
            rest.split_whitespace()
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<f64>().ok())
                .sum::<f64>(),
        )
    });
    ticks.sum::<f64>() / TICKS_A_SECOND
}
