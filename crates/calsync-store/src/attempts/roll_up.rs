//! The roll-up: one job counts what passes added, in error groups and by the hour. What it counts it
//! takes away in the same transaction, so that nothing is counted twice or passed over, whatever crashes
//! and however late a pass commits. Those who record attempts wait for none of its rows.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::integration::GOOGLE;
use jiff::Timestamp;

use super::hour;
use crate::db::{execute, fetch_all, fetch_optional, on};
use crate::dialect::plan_for_batch;
use crate::rows::{batches, execute_rows, row};
use crate::time::micros;
use crate::{Result, Tx, meta};

/// The row of `meta` that is locked while error groups change: one roll-up at a time.
const LOCK: &str = "error_groups";

row! {
    #[derive(Clone)]
    struct Uncounted {
        user_id: String,
        kind: Option<String>,
        operation: String,
        outcome: String,
        reason: Option<String>,
        http_status: Option<i64>,
        provider_reason: Option<String>,
        group_id: Option<String>,
        attempts: i64,
        first_at: i64,
        last_at: i64,
    }
}

/// Whether anything is to be counted.
pub async fn is_uncounted(tx: &mut Tx) -> Result<bool> {
    Ok(fetch_optional!(tx, (String,), "SELECT id FROM uncounted_attempts ORDER BY id LIMIT 1")?.is_some())
}

/// Counts what at most `limit` rows say; answers how many there were.
pub async fn roll_up(tx: &mut Tx, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    meta::lock(tx, LOCK).await?;
    let uncounted = fetch_all!(
        tx,
        Uncounted,
        "DELETE FROM uncounted_attempts
         WHERE id IN (SELECT id FROM uncounted_attempts ORDER BY id LIMIT $1)
         RETURNING user_id, kind, operation, outcome, reason, http_status, provider_reason, group_id, attempts,
             first_at, last_at",
        limit,
    )?;
    count_by_hour(tx, &uncounted).await?;
    count_in_groups(tx, &uncounted).await?;
    Ok(u64::try_from(uncounted.len()).unwrap_or(u64::MAX))
}

async fn count_by_hour(tx: &mut Tx, uncounted: &[Uncounted]) -> Result<()> {
    let mut hours: BTreeMap<(i64, &str, &str, &str), i64> = BTreeMap::new();
    for one in uncounted {
        let reason = one.reason.as_deref().unwrap_or_default();
        *hours.entry((hour(one.first_at), &one.operation, &one.outcome, reason)).or_default() += one.attempts;
    }
    let hours: Vec<_> = hours.into_iter().collect();
    for batch in batches(&hours) {
        execute_rows!(
            tx,
            "INSERT INTO hourly_attempts (hour, operation, outcome, reason, attempts) ",
            batch,
            |row, ((hour, operation, outcome, reason), attempts)| {
                row.push_bind(*hour).push_bind(*operation).push_bind(*outcome).push_bind(*reason);
                row.push_bind(*attempts)
            },
            " ON CONFLICT (hour, operation, outcome, reason)
              DO UPDATE SET attempts = hourly_attempts.attempts + excluded.attempts",
        )?;
    }
    Ok(())
}

/// What a roll-up adds to one group.
struct Group<'a> {
    example: &'a Uncounted,
    errors: i64,
    first_seen: i64,
    last_seen: i64,
    users: BTreeSet<&'a str>,
}

async fn count_in_groups(tx: &mut Tx, uncounted: &[Uncounted]) -> Result<()> {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for one in uncounted {
        let Some(group_id) = &one.group_id else { continue };
        let none = Group {
            example: one,
            errors: 0,
            first_seen: one.first_at,
            last_seen: one.last_at,
            users: BTreeSet::new(),
        };
        let group = groups.entry(group_id).or_insert(none);
        group.errors += one.attempts;
        group.first_seen = group.first_seen.min(one.first_at);
        group.last_seen = group.last_seen.max(one.last_at);
        group.users.insert(&one.user_id);
    }
    let groups: Vec<_> = groups.into_iter().collect();
    store_groups(tx, &groups).await?;
    let users: Vec<(&str, &str)> =
        groups.iter().flat_map(|(id, group)| group.users.iter().map(|user_id| (*id, *user_id))).collect();
    count_users(tx, &users).await
}

async fn store_groups(tx: &mut Tx, groups: &[(&str, Group<'_>)]) -> Result<()> {
    for batch in batches(groups) {
        execute_rows!(
            tx,
            "INSERT INTO error_groups (id, provider, operation, reason, kind, http_status, provider_reason, state,
                 errors, affected_users, first_seen, last_seen) ",
            batch,
            |row, (group_id, group)| {
                let example = group.example;
                row.push_bind(*group_id).push_bind(GOOGLE).push_bind(&example.operation);
                row.push_bind(&example.reason).push_bind(&example.kind).push_bind(example.http_status);
                row.push_bind(&example.provider_reason).push("'open'").push_bind(group.errors).push("0");
                row.push_bind(group.first_seen).push_bind(group.last_seen)
            },
            " ON CONFLICT (id) DO UPDATE SET errors = error_groups.errors + excluded.errors,
                 first_seen = CASE WHEN excluded.first_seen < error_groups.first_seen
                     THEN excluded.first_seen ELSE error_groups.first_seen END,
                 last_seen = CASE WHEN excluded.last_seen > error_groups.last_seen
                     THEN excluded.last_seen ELSE error_groups.last_seen END,
                 state = CASE WHEN error_groups.state = 'resolved' THEN 'regressed' ELSE error_groups.state END",
        )?;
    }
    Ok(())
}

/// Counts those of `users` whom their group did not concern before.
async fn count_users(tx: &mut Tx, users: &[(&str, &str)]) -> Result<()> {
    let mut new: BTreeMap<String, i64> = BTreeMap::new();
    for batch in batches(users) {
        let added: Vec<(String,)> = on!(tx, |c| {
            let mut query = sqlx::QueryBuilder::new("INSERT INTO error_group_users (group_id, user_id) ");
            query.push_values(batch, |mut row, (group_id, user_id)| {
                row.push_bind(*group_id).push_bind(*user_id);
            });
            query.push(" ON CONFLICT DO NOTHING RETURNING group_id");
            query.build_query_as().fetch_all(c).await
        })?;
        for (group_id,) in added {
            *new.entry(group_id).or_default() += 1;
        }
    }
    for (group_id, users) in new {
        let sql = "UPDATE error_groups SET affected_users = affected_users + $2 WHERE id = $1";
        execute!(tx, sql, group_id, users)?;
    }
    Ok(())
}

row! {
    /// How many attempts of an hour ended in one way.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct HourlyAttempts {
        /// When the hour began, in microseconds.
        pub hour: i64,
        /// The operation's name.
        pub operation: String,
        /// The outcome's name.
        pub outcome: String,
        /// The reason's name; empty where there is none.
        pub reason: String,
        /// How many.
        pub attempts: i64,
    }
}

/// What was counted by the hour since `since`, oldest first; at most `limit` rows.
pub async fn hourly(tx: &mut Tx, since: Timestamp, limit: i64) -> Result<Vec<HourlyAttempts>> {
    Ok(fetch_all!(
        tx,
        HourlyAttempts,
        "SELECT hour, operation, outcome, reason, attempts FROM hourly_attempts WHERE hour >= $1
         ORDER BY hour, operation, outcome, reason LIMIT $2",
        hour(micros(since)),
        limit,
    )?)
}

/// Forgets what was counted of hours that began before `oldest`; at most `limit`.
pub async fn forget_hours(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM hourly_attempts WHERE (hour, operation, outcome, reason) IN
             (SELECT hour, operation, outcome, reason FROM hourly_attempts WHERE hour < $1
              ORDER BY hour, operation, outcome, reason LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}

/// Forgets groups that were last seen before `oldest`, first whom they concerned; at most `limit` rows.
pub async fn forget_groups(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    meta::lock(tx, LOCK).await?;
    let users = execute!(
        tx,
        "DELETE FROM error_group_users WHERE (group_id, user_id) IN
             (SELECT u.group_id, u.user_id FROM error_groups g JOIN error_group_users u ON u.group_id = g.id
              WHERE g.last_seen < $1 LIMIT $2)",
        micros(oldest),
        limit,
    )?;
    if users == limit.unsigned_abs() {
        return Ok(users);
    }
    let groups = execute!(
        tx,
        "DELETE FROM error_groups WHERE id IN
             (SELECT id FROM error_groups WHERE last_seen < $1 ORDER BY last_seen, id LIMIT $2)",
        micros(oldest),
        limit - i64::try_from(users).unwrap_or(limit),
    )?;
    Ok(users + groups)
}
