//! Outcomes of operations at Google: `calendar_sync_logs`, and the error groups kept up in the
//! same transaction.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::fingerprint::{FingerprintInput, fingerprint};
use calsync_core::ids::first_id_at;
use calsync_core::integration::GOOGLE;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::{batches, execute_rows, readable, row};
use crate::text::sanitize;
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx, meta};

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

/// Stores an attempt, and counts it in its group if it is a sync error.
pub async fn record(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    record_all(tx, std::slice::from_ref(attempt)).await
}

/// Stores attempts, and counts those that are sync errors in their groups. Groups are locked last of all
/// rows, and in the order of their ids, so that those who record at once don't deadlock: in an outage
/// everybody counts in the same few.
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
    count(tx, attempts).await
}

/// A text of Google's as it can be stored.
fn kept(text: Option<&str>, length_max: usize) -> Option<String> {
    text.map(|text| sanitize(text).take(length_max).collect())
}

/// What a transaction adds to one group.
struct Counted<'a> {
    example: &'a Attempt,
    errors: i64,
    first_seen: Timestamp,
    last_seen: Timestamp,
    users: BTreeSet<&'a str>,
}

async fn count(tx: &mut Tx, attempts: &[Attempt]) -> Result<()> {
    let mut groups: BTreeMap<String, Counted<'_>> = BTreeMap::new();
    for attempt in attempts {
        let Some(group_id) = attempt.group_id() else { continue };
        let none = Counted {
            example: attempt,
            errors: 0,
            first_seen: attempt.at,
            last_seen: attempt.at,
            users: BTreeSet::new(),
        };
        let group = groups.entry(group_id).or_insert(none);
        group.errors += 1;
        group.first_seen = group.first_seen.min(attempt.at);
        group.last_seen = group.last_seen.max(attempt.at);
        group.users.insert(&attempt.user_id);
    }
    let groups: Vec<(String, Counted<'_>)> = groups.into_iter().collect();
    for batch in batches(&groups) {
        execute_rows!(
            tx,
            "INSERT INTO error_groups (id, provider, operation, reason, kind, http_status, provider_reason, state,
                 errors, first_seen, last_seen) ",
            batch,
            |row, (group_id, group)| {
                let attempt = group.example;
                row.push_bind(group_id).push_bind(GOOGLE).push_bind(attempt.operation.name());
                row.push_bind(attempt.reason.map(Reason::name));
                row.push_bind(attempt.item.as_ref().map(|item| item.kind.name()));
                row.push_bind(attempt.http_status.map(i64::from));
                row.push_bind(kept(attempt.provider_reason.as_deref(), usize::MAX));
                row.push("'open'").push_bind(group.errors);
                row.push_bind(micros(group.first_seen)).push_bind(micros(group.last_seen))
            },
            " ON CONFLICT (id) DO UPDATE SET errors = error_groups.errors + excluded.errors,
                 first_seen = CASE WHEN excluded.first_seen < error_groups.first_seen
                     THEN excluded.first_seen ELSE error_groups.first_seen END,
                 last_seen = CASE WHEN excluded.last_seen > error_groups.last_seen
                     THEN excluded.last_seen ELSE error_groups.last_seen END,
                 state = CASE WHEN error_groups.state = 'resolved' THEN 'regressed' ELSE error_groups.state END",
        )?;
    }
    let users: Vec<(&String, &str)> =
        groups.iter().flat_map(|(id, group)| group.users.iter().map(move |user_id| (id, *user_id))).collect();
    for batch in batches(&users) {
        execute_rows!(
            tx,
            "INSERT INTO error_group_users (group_id, user_id) ",
            batch,
            |row, (group_id, user_id)| row.push_bind(*group_id).push_bind(*user_id),
            " ON CONFLICT DO NOTHING",
        )?;
    }
    Ok(())
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

row! {
    /// An error group.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ErrorGroup {
        /// The fingerprint.
        pub id: String,
        /// The operation's name.
        pub operation: String,
        /// The reason's name.
        pub reason: String,
        /// `open`, `muted`, `resolved`, `regressed`.
        pub state: String,
        /// How many errors.
        pub errors: i64,
        /// How many users they concern.
        pub affected_users: i64,
    }
}

/// The groups that were seen last.
pub async fn groups(tx: &mut Tx, limit: i64) -> Result<Vec<ErrorGroup>> {
    Ok(fetch_all!(
        tx,
        ErrorGroup,
        "SELECT g.id, g.operation, g.reason, g.state, g.errors,
                (SELECT COUNT(*) FROM error_group_users u WHERE u.group_id = g.id) AS affected_users
         FROM error_groups g ORDER BY g.last_seen DESC, g.id DESC LIMIT $1",
        limit,
    )?)
}

/// Where [`forget_successes`] goes on.
const SUCCESSES_FORGOTTEN: &str = "successes_forgotten_before";

/// Forgets attempts that ended before `oldest`; at most `limit`. Ids sort by time.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
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
