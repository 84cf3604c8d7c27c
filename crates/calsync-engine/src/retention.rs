//! How long what is recorded stays, in one list. What is older is forgotten in small batches, each in a
//! transaction of its own, so that nobody waits for it.
//!
//! | record | stays |
//! |---|---|
//! | attempts that succeeded | `logs.success_retention_days`, 3 days unless set |
//! | attempts that failed | `logs.retention_days`, 30 days unless set |
//! | refusals | 30 days |
//! | changes, deliveries to the webhook | 30 days, read or not |
//! | connect links | 30 days after their end |
//! | attempts to connect | 90 days; what is sealed for them, until the user comes back |

use calsync_store::{attempts, changes, consent, refusals, webhooks};
use jiff::{SignedDuration, Timestamp};

use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Rows forgotten in one transaction.
const BATCH: i64 = 1_000;

/// Refusals, changes, deliveries and ended links: what the API calls the last 30 days.
const RECORDS: SignedDuration = days(30);
const CONNECT_ATTEMPTS: SignedDuration = days(90);

const fn days(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * days as i64)
}

/// Forgets batch after batch, until one isn't full.
macro_rules! forget {
    ($engine:expr, |$tx:ident| $batch:expr) => {
        while retrying_tx!($engine, |$tx| $batch.await?)? == BATCH.unsigned_abs() {}
    };
}

/// Forgets all that is older than it may be.
pub(crate) async fn round(engine: &Engine) -> Result<(), EngineError> {
    let older_than = |age| engine.now().saturating_sub(age).unwrap_or(Timestamp::MIN);
    let settings = engine.settings();
    let successes = older_than(days(settings.success_retention_days.min(settings.retention_days)));
    let failures = older_than(days(settings.retention_days));
    let (records, connects) = (older_than(RECORDS), older_than(CONNECT_ATTEMPTS));
    forget!(engine, |tx| attempts::forget_successes(tx, successes, BATCH));
    forget!(engine, |tx| attempts::forget(tx, failures, BATCH));
    forget!(engine, |tx| refusals::forget(tx, records, BATCH));
    forget!(engine, |tx| changes::forget(tx, records, BATCH));
    forget!(engine, |tx| webhooks::forget(tx, records, BATCH));
    forget!(engine, |tx| consent::forget_links(tx, records, BATCH));
    forget!(engine, |tx| consent::forget_attempts(tx, connects, BATCH));
    Ok(())
}
