//! Changes make mappings due and wake their integrations.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::integration::GOOGLE;
use calsync_core::item::ItemKey;
use jiff::Timestamp;

use super::{after_reset, waiting_since};
use crate::db::{execute, on};
use crate::dialect::{live, lock_in_order};
use crate::rows::{batches, execute_rows};
use crate::time::micros;
use crate::{Result, Tx};

/// What a transaction changed, to be made due by [`mark_due`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueChange {
    /// Whose calendar is concerned.
    pub user_id: String,
    /// The item.
    pub item: ItemKey,
    /// The item's incarnation: each deletion by the platform raises it, so that a later PUT starts anew.
    pub incarnation: i64,
}

/// Makes mappings due and wakes their integrations. Integrations are locked first and in order of their
/// users, like everywhere, so that writers don't deadlock.
pub async fn mark_due(tx: &mut Tx, due_changes: &BTreeSet<DueChange>, now: Timestamp) -> Result<()> {
    let mut users: Vec<&str> = due_changes.iter().map(|mapping| mapping.user_id.as_str()).collect();
    users.dedup();
    let integrations = schedule_all(tx, &users, now).await?;
    let mut mappings: Vec<(&str, &ItemKey, i64)> = Vec::with_capacity(due_changes.len());
    for DueChange { user_id, item, incarnation } in due_changes {
        let Some(integration_id) = integrations.get(user_id) else { continue };
        // The same item again, in its order: the last incarnation is the highest.
        mappings.pop_if(|(of, same, _)| of == integration_id && *same == item);
        mappings.push((integration_id, item, *incarnation));
    }
    mark_mappings_due(tx, &mappings, now).await
}

/// Wakes the integration of a user, if they have a live one; answers its id.
pub async fn schedule(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<Option<String>> {
    Ok(schedule_all(tx, &[user_id], now).await?.remove(user_id))
}

/// Wakes the live integrations of `users`, which are sorted: locks are taken in their order. Answers the
/// integrations' ids by user.
async fn schedule_all(tx: &mut Tx, users: &[&str], now: Timestamp) -> Result<BTreeMap<String, String>> {
    let in_order = lock_in_order(tx.dialect());
    let mut woken = BTreeMap::new();
    for batch in batches(users) {
        let rows: Vec<(String, String)> = on!(tx, |c| {
            let mut query = sqlx::QueryBuilder::new(concat!(
                "WITH live AS MATERIALIZED (SELECT id FROM user_integrations WHERE ",
                live!(),
                " AND provider = "
            ));
            query.push_bind(GOOGLE).push(" AND user_id IN (");
            let mut list = query.separated(", ");
            for user_id in batch {
                list.push_bind(*user_id);
            }
            query.push(")");
            query.push(in_order).push(
                ") UPDATE user_integrations SET wake_seq = wake_seq + 1,
                       due_at = CASE WHEN wake_seq = seen_seq OR due_at > ",
            );
            query.push_bind(micros(now)).push(" THEN ").push_bind(micros(now));
            query.push(" ELSE due_at END WHERE id IN (SELECT id FROM live) RETURNING user_id, id");
            query.build_query_as().fetch_all(c).await
        })?;
        woken.extend(rows);
    }
    Ok(woken)
}

/// What a change that `$revision` counts does to a mapping that is there; why it stood still or failed is told anew. One
/// of an earlier incarnation is brought up to the item's own: what is there is to go, and a removal by the user is
/// forgotten.
macro_rules! marked_due {
    ($revision:literal, $now:literal, $incarnation:literal) => {
        concat!(
            $revision,
            " = sync_mappings.",
            $revision,
            " + 1, due_at = ",
            $now,
            ", ",
            waiting_since!($now),
            ", failures = 0, rounds_without_progress = 0, reason = NULL,
             delete_sent_at = CASE WHEN sync_mappings.incarnation = ",
            $incarnation,
            " THEN sync_mappings.delete_sent_at END,
             event_state = CASE WHEN sync_mappings.incarnation = ",
            $incarnation,
            " THEN sync_mappings.event_state ELSE ",
            after_reset!("sync_mappings.event_state"),
            " END, incarnation = ",
            $incarnation
        )
    };
}

async fn mark_mappings_due(tx: &mut Tx, mappings: &[(&str, &ItemKey, i64)], now: Timestamp) -> Result<()> {
    const START: &str =
        "INSERT INTO sync_mappings (integration_id, kind, item_id, desired_revision, due_at, incarnation,
             event_state, last_generation, sync_state, failures, created_at, updated_at) ";
    const CHANGED: &str = concat!(
        " ON CONFLICT (integration_id, kind, item_id) DO UPDATE SET ",
        marked_due!("desired_revision", "excluded.due_at", "excluded.incarnation")
    );
    let now = micros(now);
    for batch in batches(mappings) {
        execute_rows!(
            tx,
            START,
            batch,
            |row, (integration_id, item, incarnation)| {
                row.push_bind(*integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push("1").push_bind(now).push_bind(*incarnation).push("'unsent'").push_bind(now);
                row.push("'waiting', 0").push_bind(now).push_bind(now)
            },
            CHANGED,
        )?;
    }
    Ok(())
}

/// Makes every item of the user a due mapping of their live integration, if they have one: at its
/// connection, and at a change of its rules. What the platform deleted while nobody was connected ends
/// its incarnation in the mapping now.
pub async fn mark_all_due(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    // Those that are due as well: a pass may be at them by the rules of before.
    const CHANGED: &str = concat!(
        "UPDATE sync_mappings SET ",
        marked_due!("policy_revision", "$2", "items.incarnation"),
        " FROM items WHERE integration_id = $1
             AND items.kind = sync_mappings.kind AND items.item_id = sync_mappings.item_id"
    );
    let Some(integration_id) = schedule(tx, user_id, now).await? else { return Ok(()) };
    execute!(
        tx,
        "INSERT INTO sync_mappings (integration_id, kind, item_id, desired_revision, due_at, incarnation,
             event_state, last_generation, sync_state, failures, created_at, updated_at)
         SELECT $1, u.kind, u.item_id, 1, $3, i.incarnation, 'unsent', $3, 'waiting', 0, $3, $3
         FROM item_users u JOIN items i ON i.kind = u.kind AND i.item_id = u.item_id
         WHERE u.user_id = $2 AND i.deleted = FALSE
         ON CONFLICT (integration_id, kind, item_id) DO NOTHING",
        &integration_id,
        user_id,
        micros(now),
    )?;
    execute!(tx, CHANGED, &integration_id, micros(now))?;
    Ok(())
}

/// Makes what waits, or was stopped, of the user's live integration due now.
pub async fn retry_now(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    const SQL: &str = concat!(
        "UPDATE sync_mappings SET policy_revision = policy_revision + 1, due_at = $2, ",
        waiting_since!("$2"),
        ", failures = 0, rounds_without_progress = 0, reason = NULL
         WHERE integration_id = $1 AND sync_state IN ('waiting', 'parked')"
    );
    let Some(integration_id) = schedule(tx, user_id, now).await? else { return Ok(()) };
    execute!(tx, SQL, &integration_id, micros(now))?;
    Ok(())
}
