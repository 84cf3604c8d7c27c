//! Changes make mappings due and wake their integrations.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::integration::GOOGLE;
use calsync_core::item::ItemKey;
use jiff::Timestamp;

use super::ended;
use crate::db::{execute, on};
use crate::dialect::{live, lock_in_order};
use crate::rows::{execute_rows, runs};
use crate::time::micros;
use crate::{Result, Tx};

/// What a transaction changed, to be made due by [`touch`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Whose calendar is concerned.
    pub user_id: String,
    /// The item.
    pub item: ItemKey,
    /// The item's life: each deletion by the platform raises it, so that a later PUT starts anew.
    pub life: i64,
}

/// Makes mappings due and wakes their integrations. Integrations are locked first and in order of their
/// users, like everywhere, so that writers don't deadlock.
pub async fn touch(tx: &mut Tx, touched: &BTreeSet<Touched>, now: Timestamp) -> Result<()> {
    let mut users: Vec<&str> = touched.iter().map(|mapping| mapping.user_id.as_str()).collect();
    users.dedup();
    let integrations = wake_all(tx, &users, now).await?;
    let mut mappings: Vec<(&str, &ItemKey, i64)> = Vec::with_capacity(touched.len());
    for Touched { user_id, item, life } in touched {
        let Some(integration_id) = integrations.get(user_id) else { continue };
        // The same item again, in its order: the last life is the highest.
        mappings.pop_if(|(of, same, _)| of == integration_id && *same == item);
        mappings.push((integration_id, item, *life));
    }
    touch_mappings(tx, &mappings, now).await
}

/// Wakes the integration of a user, if they have a live one; answers its id.
pub async fn wake(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<Option<String>> {
    Ok(wake_all(tx, &[user_id], now).await?.remove(user_id))
}

/// Wakes the live integrations of `users`, which are sorted: locks are taken in their order. Answers the
/// integrations' ids by user.
async fn wake_all(tx: &mut Tx, users: &[&str], now: Timestamp) -> Result<BTreeMap<String, String>> {
    let in_order = lock_in_order(tx.dialect());
    let mut woken = BTreeMap::new();
    for run in runs(users) {
        let rows: Vec<(String, String)> = on!(tx, |c| {
            let mut query = sqlx::QueryBuilder::new(concat!(
                "WITH live AS MATERIALIZED (SELECT id FROM user_integrations WHERE ",
                live!(),
                " AND provider = "
            ));
            query.push_bind(GOOGLE).push(" AND user_id IN (");
            let mut list = query.separated(", ");
            for user_id in run {
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

/// What a touch changes in a mapping that is there. One of an earlier life is brought up to the item's own:
/// what is there is to go, and a removal by the user is forgotten.
macro_rules! touched_mapping {
    ($life:literal) => {
        concat!(
            "wanted_revision = sync_mappings.wanted_revision + 1, failures = 0, rounds_without_progress = 0,
             delete_sent_at = CASE WHEN sync_mappings.life = ",
            $life,
            " THEN sync_mappings.delete_sent_at END,
             event_state = CASE WHEN sync_mappings.life = ",
            $life,
            " THEN sync_mappings.event_state ELSE ",
            ended!("sync_mappings.event_state"),
            " END, life = ",
            $life
        )
    };
}

async fn touch_mappings(tx: &mut Tx, mappings: &[(&str, &ItemKey, i64)], now: Timestamp) -> Result<()> {
    const START: &str =
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, event_state, sync_state, failures, created_at, updated_at) ";
    const CHANGED: &str = concat!(
        " ON CONFLICT (integration_id, kind, item_id) DO UPDATE SET due_at = excluded.due_at,
             updated_at = CASE WHEN sync_mappings.wanted_revision = sync_mappings.settled_revision
                 THEN excluded.updated_at ELSE sync_mappings.updated_at END, ",
        touched_mapping!("excluded.life")
    );
    let now = micros(now);
    for run in runs(mappings) {
        execute_rows!(
            tx,
            START,
            run,
            |row, (integration_id, item, life)| {
                row.push_bind(*integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push("1, 0").push_bind(now).push_bind(*life).push("0, 'unsent', 'waiting', 0");
                row.push_bind(now).push_bind(now)
            },
            CHANGED,
        )?;
    }
    Ok(())
}

/// Makes every item of the user a due mapping of their live integration, if they have one: at its
/// connection, and at a change of its rules. What the platform deleted while nobody was connected ends
/// the mapping's life now.
pub async fn touch_all(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    // Those that are due as well: a pass may be at them by the rules of before.
    const CHANGED: &str = concat!(
        "UPDATE sync_mappings SET due_at = $2,
             updated_at = CASE WHEN wanted_revision = settled_revision THEN $2 ELSE sync_mappings.updated_at END, ",
        touched_mapping!("items.life"),
        " FROM items WHERE integration_id = $1
             AND items.kind = sync_mappings.kind AND items.item_id = sync_mappings.item_id"
    );
    let Some(integration_id) = wake(tx, user_id, now).await? else { return Ok(()) };
    execute!(
        tx,
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, event_state, sync_state, failures, created_at, updated_at)
         SELECT $1, u.kind, u.item_id, 1, 0, $3, i.life, 0, 'unsent', 'waiting', 0, $3, $3
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
pub async fn hurry(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    let Some(integration_id) = wake(tx, user_id, now).await? else { return Ok(()) };
    execute!(
        tx,
        "UPDATE sync_mappings SET due_at = $2, failures = 0, rounds_without_progress = 0,
             updated_at = CASE WHEN wanted_revision = settled_revision THEN $2 ELSE updated_at END,
             wanted_revision = CASE WHEN wanted_revision = settled_revision
                 THEN wanted_revision + 1 ELSE wanted_revision END
         WHERE integration_id = $1 AND (wanted_revision <> settled_revision OR sync_state = 'parked')",
        &integration_id,
        micros(now),
    )?;
    Ok(())
}
