//! Whether Google refuses our OAuth client. That concerns every connection at once, so all of them
//! wait, and one call in a while tries whether it is over.

use jiff::{SignedDuration, Timestamp};

use crate::db::{execute, fetch_optional};
use crate::time::{micros, time};
use crate::{Result, Tx};

/// Where `meta` keeps when the next call may try.
const KEY: &str = "client_refused";

fn text(at: Timestamp) -> String {
    micros(at).to_string()
}

/// Google refuses our client: nobody tries before `next_try`.
pub async fn begin(tx: &mut Tx, next_try: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        KEY,
        text(next_try),
    )?;
    Ok(())
}

/// Google takes our client again.
pub async fn end(tx: &mut Tx) -> Result<()> {
    execute!(tx, "DELETE FROM meta WHERE key = $1", KEY)?;
    Ok(())
}

/// When the next call may try, while Google refuses our client.
pub async fn next_try(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let row = fetch_optional!(tx, (String,), "SELECT value FROM meta WHERE key = $1", KEY)?;
    // A value that can't be read holds nobody back.
    Ok(row.map(|(value,)| value.parse().map_or(Timestamp::UNIX_EPOCH, time)))
}

/// Takes the try that was due at `next_try`; the one after it is due `pause` from `now`. False:
/// somebody else has it.
pub async fn take_try(
    tx: &mut Tx,
    next_try: Timestamp,
    pause: SignedDuration,
    now: Timestamp,
) -> Result<bool> {
    let taken = execute!(
        tx,
        "UPDATE meta SET value = $3 WHERE key = $1 AND value = $2",
        KEY,
        text(next_try),
        text(now.saturating_add(pause).unwrap_or(now)),
    )?;
    Ok(taken == 1)
}
