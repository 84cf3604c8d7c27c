//! `calsync encryption`.

use std::io::{IsTerminal, Write};

use anyhow::bail;
use calsync_store::rotation::{self, Batch, Position, SecretLocation};
use calsync_store::{Store, StoreError};
use serde_json::json;

use crate::config::Config;
use crate::wiring;

/// Values a batch: few enough that nobody waits for its locks.
const BATCH: i64 = 100;
/// Passes before it is said that somebody seals with an older key all the time.
const PASSES_MAX: usize = 5;
/// Places of unreadable values that are listed; a whole table of them is one cause.
const PLACES_MAX: usize = 100;
/// Values between two lines of progress where there is no terminal.
const LINE_EVERY: u64 = 10_000;

/// Seals every secret anew with the first key. A pass that finds nothing to do ends it: until then
/// a service with an older key first may have sealed something behind us.
pub(crate) async fn rotate(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let store = wiring::store(config).await?;
    let mut resealed = 0;
    for _ in 0..PASSES_MAX {
        let pass = pass(&store).await?;
        resealed += pass.resealed;
        if pass.resealed + pass.changed == 0 {
            rotation::finish(&store).await?;
            report(&store, resealed, &pass, as_json);
            store.close().await;
            return Ok(());
        }
    }
    bail!(
        "{resealed} secrets were sealed anew, but others are sealed with an older key meanwhile: put the newest key \
         first for every running calsync, start those again, then run this once more"
    )
}

/// One look at every secret, with its progress.
async fn pass(store: &Store) -> Result<Batch, StoreError> {
    let mut progress = Progress::default();
    let mut sum = Batch { next: Some(Position::default()), ..Batch::default() };
    while let Some(position) = &sum.next {
        let batch = rotation::batch(store, position, BATCH).await?;
        sum.resealed += batch.resealed;
        sum.newest += batch.newest;
        sum.changed += batch.changed;
        sum.unreadable.extend(batch.unreadable);
        sum.next = batch.next;
        progress.show(sum.resealed + sum.newest + sum.changed + sum.unreadable.len() as u64);
    }
    progress.end();
    Ok(sum)
}

fn report(store: &Store, resealed: u64, last: &Batch, as_json: bool) {
    let key = store.keyring().current_id();
    // The last pass saw them all with the newest key: those that came to it now, and those before.
    let newest = last.newest.saturating_sub(resealed);
    let unreadable = last.unreadable.len();
    let listed = last.unreadable.iter().take(PLACES_MAX);
    if as_json {
        let place =
            |place: &SecretLocation| json!({"table": place.table, "column": place.column, "id": place.id});
        let places: Vec<_> = listed.map(place).collect();
        let counts = json!({"key": key, "resealed": resealed, "already_newest": newest,
            "unreadable": unreadable, "unreadable_places": places});
        println!("{counts}");
        return;
    }
    for SecretLocation { table, column, id } in listed {
        println!("Could not decrypt {table}.{column} of row {id}; it is unchanged");
    }
    println!(
        "Key {key}: {resealed} secrets re-encrypted, {newest} already current, {unreadable} could not be decrypted"
    );
    println!("Done: the other keys can be removed from security.encryption_keys");
}

/// How far a pass is: one line that changes on a terminal, a few lines elsewhere.
#[derive(Default)]
struct Progress {
    shown: u64,
}

impl Progress {
    fn show(&mut self, seen: u64) {
        if std::io::stderr().is_terminal() {
            eprint!("\r{seen} secrets checked");
            // A terminal that is gone has nobody who waits for this.
            let _ = std::io::stderr().flush();
        } else if seen >= self.shown + LINE_EVERY {
            eprintln!("{seen} secrets checked");
        } else {
            return;
        }
        self.shown = seen;
    }

    fn end(&self) {
        if self.shown > 0 && std::io::stderr().is_terminal() {
            eprintln!();
        }
    }
}
