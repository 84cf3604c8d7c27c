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
//! | attempts to connect | 90 days; what is sealed for them or for a clean-up, until the user must be back |
//! | disconnects | 90 days after their end; a year where they left something |
//! | deleted items, with their mappings | 90 days, and until no calendar may have anything of them |
//! | what users made of managed fields where it was written over | 90 days, and no longer than the mapping |
//! | counts of attempts by the hour | 90 days |
//! | error groups | 90 days after their last error |
//! | answers kept for an `Idempotency-Key` | 24 hours |
//! | pauses that end by themselves | 24 hours after that |
//! | the audit log | for ever |

use calsync_core::disconnect::SagaState;
use calsync_store::{
    attempts, changes, clean_ups, consent, deleted_items, disconnects, idempotency, pauses, refusals,
    user_edits, webhooks,
};
use jiff::{SignedDuration, Timestamp};

use crate::transaction::{in_batches, retrying_tx};
use crate::{Engine, EngineError};

/// Rows forgotten in one transaction.
const BATCH: i64 = 1_000;
/// Disconnects and items forgotten in one transaction: each has a few rows of its own.
const SMALL_BATCH: i64 = 200;

const ANSWERS: SignedDuration = days(1);
/// By then a refusal of many is another one.
const ENDED_PAUSES: SignedDuration = days(1);
/// Refusals, changes, deliveries and ended links: what the API calls the last 30 days.
const RECORDS: SignedDuration = days(30);
/// What figures are counted from, and what is still asked for weeks later.
const HISTORY: SignedDuration = days(90);
/// By then nobody consents any more to a clean-up of what a disconnect left.
const LEFTOVERS: SignedDuration = days(365);

const fn days(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * days as i64)
}

/// Forgets all that is older than it may be.
pub(crate) async fn round(engine: &Engine) -> Result<(), EngineError> {
    let now = engine.now();
    let older_than = |age| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let settings = engine.settings();
    let successes = older_than(days(settings.success_retention_days.min(settings.retention_days)));
    let failures = older_than(days(settings.retention_days));
    let [answers, records, history, leftovers] = [ANSWERS, RECORDS, HISTORY, LEFTOVERS].map(older_than);
    let ended_pauses = older_than(ENDED_PAUSES);
    in_batches!(engine, BATCH, |tx| attempts::forget_successes(tx, successes, BATCH));
    in_batches!(engine, BATCH, |tx| attempts::forget(tx, failures, BATCH));
    in_batches!(engine, BATCH, |tx| refusals::forget(tx, records, BATCH));
    in_batches!(engine, BATCH, |tx| changes::forget(tx, records, BATCH));
    in_batches!(engine, BATCH, |tx| webhooks::forget(tx, records, BATCH));
    in_batches!(engine, BATCH, |tx| consent::forget_links(tx, records, BATCH));
    in_batches!(engine, BATCH, |tx| consent::wipe_verifiers(tx, now, BATCH));
    in_batches!(engine, BATCH, |tx| consent::forget_attempts(tx, history, BATCH));
    in_batches!(engine, BATCH, |tx| clean_ups::wipe_verifiers(tx, now, BATCH));
    for (state, oldest) in [(SagaState::Done, history), (SagaState::DoneWithLeftovers, leftovers)] {
        in_batches!(engine, SMALL_BATCH, |tx| disconnects::forget(tx, state, oldest, SMALL_BATCH));
    }
    in_batches!(engine, SMALL_BATCH, |tx| deleted_items::forget(tx, history, SMALL_BATCH));
    in_batches!(engine, BATCH, |tx| user_edits::forget(tx, history, BATCH));
    in_batches!(engine, BATCH, |tx| attempts::forget_hours(tx, history, BATCH));
    in_batches!(engine, BATCH, |tx| attempts::forget_groups(tx, history, BATCH));
    in_batches!(engine, BATCH, |tx| idempotency::forget_answers(tx, answers, BATCH));
    retrying_tx!(engine, |tx| pauses::forget(tx, ended_pauses).await?)
}
