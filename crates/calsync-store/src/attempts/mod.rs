//! Outcomes of operations at Google: `calendar_sync_logs`, and what the roll-up counts of them.

mod roll_up;

use std::collections::BTreeMap;

use calsync_core::fingerprint::{FingerprintInput, fingerprint};
use calsync_core::ids::first_id_at;
use calsync_core::integration::GOOGLE;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::dialect::plan_for_batch;
use crate::rows::{batches, execute_rows, readable, row};
use crate::text::sanitize;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, meta};
pub use roll_up::{HourlyAttempts, forget_groups, forget_hours, hourly, is_uncounted, roll_up};

/// Longest message of Google's that is kept, in characters.
pub const MESSAGE_LENGTH_MAX: usize = 1_000;

/// One outcome of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Our id of it.
    pub id: String,
    /// When it ended.
    pub at: Timestamp,
    /// Whose integration.
    pub user_id: String,
    /// The integration.
    pub integration_id: String,
    /// The item, if one was concerned.
    pub item: Option<ItemKey>,
    /// What was tried.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not succeed.
    pub reason: Option<Reason>,
    /// Google's status.
    pub http_status: Option<u16>,
    /// Google's own word for it.
    pub provider_reason: Option<String>,
    /// Google's message, verbatim.
    pub provider_message: Option<String>,
    /// The pass that it belongs to.
    pub trace_id: String,
}

impl Attempt {
    fn group_id(&self) -> Option<String> {
        let reason = self.reason.filter(|_| self.outcome.is_error())?;
        Some(fingerprint(FingerprintInput {
            provider: GOOGLE,
            operation: self.operation,
            reason,
            http_status: self.http_status,
            provider_reason: self.provider_reason.as_deref(),
            kind: self.item.as_ref().map(|item| item.kind),
        }))
    }
}

/// Stores an attempt, to be counted by [`roll_up`].
pub async fn record(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    record_all(tx, std::slice::from_ref(attempt)).await
}

/// Stores attempts, to be counted by [`roll_up`]. Rows are only added: in an outage, when everybody fails
/// for the same few reasons, nobody waits for anybody's.
pub async fn record_all(tx: &mut Tx, attempts: &[Attempt]) -> Result<()> {
    for batch in batches(attempts) {
        execute_rows!(
            tx,
            "INSERT INTO calendar_sync_logs (id, at, user_id, integration_id, provider, kind, item_id, operation,
                 outcome, reason, http_status, provider_reason, provider_message, group_id, trace_id) ",
            batch,
            |row, attempt| {
                let item = attempt.item.as_ref();
                row.push_bind(&attempt.id).push_bind(micros(attempt.at));
                row.push_bind(&attempt.user_id).push_bind(&attempt.integration_id).push_bind(GOOGLE);
                row.push_bind(item.map(|item| item.kind.name())).push_bind(item.map(|item| &item.id));
                row.push_bind(attempt.operation.name()).push_bind(attempt.outcome.name());
                row.push_bind(attempt.reason.map(Reason::name));
                row.push_bind(attempt.http_status.map(i64::from));
                row.push_bind(kept(attempt.provider_reason.as_deref(), usize::MAX));
                row.push_bind(kept(attempt.provider_message.as_deref(), MESSAGE_LENGTH_MAX));
                row.push_bind(attempt.group_id()).push_bind(&attempt.trace_id)
            },
            "",
        )?;
    }
    add_uncounted(tx, attempts).await
}

/// The microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// When the hour of a time began.
const fn hour(at: i64) -> i64 {
    at - at.rem_euclid(HOUR)
}

/// What attempts share that are counted together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sort<'a> {
    hour: i64,
    user_id: &'a str,
    operation: Operation,
    outcome: Outcome,
    reason: Option<Reason>,
    group_id: Option<String>,
}

struct Uncounted<'a> {
    first: &'a Attempt,
    attempts: i64,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Adds what `attempts`, all of one transaction, come to, for the roll-up to count: to no row that another transaction
/// writes.
async fn add_uncounted(tx: &mut Tx, attempts: &[Attempt]) -> Result<()> {
    let mut sorts: BTreeMap<Sort<'_>, Uncounted<'_>> = BTreeMap::new();
    for attempt in attempts {
        let sort = Sort {
            hour: hour(micros(attempt.at)),
            user_id: &attempt.user_id,
            operation: attempt.operation,
            outcome: attempt.outcome,
            reason: attempt.reason,
            group_id: attempt.group_id(),
        };
        let none = Uncounted { first: attempt, attempts: 0, first_at: attempt.at, last_at: attempt.at };
        let uncounted = sorts.entry(sort).or_insert(none);
        uncounted.attempts += 1;
        uncounted.first_at = uncounted.first_at.min(attempt.at);
        uncounted.last_at = uncounted.last_at.max(attempt.at);
    }
    let sorts: Vec<_> = sorts.into_iter().collect();
    for batch in batches(&sorts) {
        execute_rows!(
            tx,
            "INSERT INTO uncounted_attempts (id, user_id, kind, operation, outcome, reason, http_status,
                 provider_reason, group_id, attempts, first_at, last_at) ",
            batch,
            |row, (sort, uncounted)| {
                let first = uncounted.first;
                row.push_bind(&first.id).push_bind(sort.user_id);
                row.push_bind(first.item.as_ref().map(|item| ItemKind::name(item.kind)));
                row.push_bind(sort.operation.name()).push_bind(sort.outcome.name());
                row.push_bind(sort.reason.map(Reason::name)).push_bind(first.http_status.map(i64::from));
                row.push_bind(kept(first.provider_reason.as_deref(), usize::MAX)).push_bind(&sort.group_id);
                row.push_bind(uncounted.attempts);
                row.push_bind(micros(uncounted.first_at)).push_bind(micros(uncounted.last_at))
            },
            "",
        )?;
    }
    Ok(())
}

/// A text of Google's as it can be stored.
fn kept(text: Option<&str>, length_max: usize) -> Option<String> {
    text.map(|text| sanitize(text).take(length_max).collect())
}

row! {
    struct Row {
        id: String,
        at: i64,
        user_id: String,
        integration_id: String,
        kind: Option<String>,
        item_id: Option<String>,
        operation: String,
        outcome: String,
        reason: Option<String>,
        http_status: Option<i64>,
        provider_reason: Option<String>,
        provider_message: Option<String>,
        trace_id: String,
    }
}

impl Row {
    fn read(self) -> Result<Attempt> {
        let corrupt = |column| StoreError::corrupt("calendar_sync_logs", column, self.id.clone());
        let kind = self.kind.as_deref().and_then(ItemKind::from_name);
        Ok(Attempt {
            at: time(self.at),
            item: kind.zip(self.item_id).map(|(kind, id)| ItemKey { kind, id }),
            operation: Operation::from_name(&self.operation).ok_or_else(|| corrupt("operation"))?,
            outcome: Outcome::from_name(&self.outcome).ok_or_else(|| corrupt("outcome"))?,
            reason: self.reason.as_deref().and_then(Reason::from_name),
            http_status: self.http_status.and_then(|status| u16::try_from(status).ok()),
            id: self.id,
            user_id: self.user_id,
            integration_id: self.integration_id,
            provider_reason: self.provider_reason,
            provider_message: self.provider_message,
            trace_id: self.trace_id,
        })
    }
}

/// The newest attempts of a user, successes and failures.
pub async fn of_user(tx: &mut Tx, user_id: &str, limit: i64) -> Result<Vec<Attempt>> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, at, user_id, integration_id, kind, item_id, operation, outcome, reason, http_status,
                provider_reason, provider_message, trace_id
         FROM calendar_sync_logs WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
        user_id,
        limit,
    )?;
    readable(rows, Row::read)
}

/// Where [`forget_successes`] goes on.
const SUCCESSES_FORGOTTEN: &str = "successes_forgotten_before";

/// Forgets attempts that ended before `oldest`; at most `limit`. Ids sort by time.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM calendar_sync_logs
         WHERE id IN (SELECT id FROM calendar_sync_logs WHERE id < $1 ORDER BY id LIMIT $2)",
        first_id_at(oldest),
        limit,
    )?)
}

/// Forgets attempts that succeeded and ended before `oldest`; at most `limit`. What stands before the end
/// of the last round is not looked at again: only failures are left there.
pub async fn forget_successes(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    let from = meta::find(tx, SUCCESSES_FORGOTTEN).await?.unwrap_or_default();
    let until = first_id_at(oldest);
    let forgotten = execute!(
        tx,
        "DELETE FROM calendar_sync_logs WHERE id IN
             (SELECT id FROM calendar_sync_logs
              WHERE id >= $1 AND id < $2 AND outcome IN ('done', 'already_so') ORDER BY id LIMIT $3)",
        from,
        &until,
        limit,
    )?;
    if forgotten < limit.unsigned_abs() {
        meta::set(tx, SUCCESSES_FORGOTTEN, &until).await?;
    }
    Ok(forgotten)
}
