//! Changes make pairs due and wake their integrations.

use std::collections::BTreeSet;

use calsync_core::integration::GOOGLE;
use calsync_core::item::ItemKey;
use jiff::Timestamp;

use super::ended;
use crate::db::{execute, fetch_optional};
use crate::time::micros;
use crate::{Result, Tx};

/// What a transaction changed, to be made due by [`touch`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Whose calendar is concerned.
    pub user_id: String,
    /// The item.
    pub item: ItemKey,
    /// Whether the platform removed the item, so that a later PUT starts anew: the item's life ends.
    pub ends_life: bool,
}

/// Makes pairs due and wakes their integrations. Integrations are locked first and in order of
/// their users, like everywhere, so that writers don't deadlock.
pub async fn touch(tx: &mut Tx, touched: &BTreeSet<Touched>, now: Timestamp) -> Result<()> {
    let mut integration: Option<(&str, Option<String>)> = None;
    for pair in touched {
        let id = match &integration {
            Some((user_id, id)) if *user_id == pair.user_id => id.clone(),
            _ => wake(tx, &pair.user_id, now).await?,
        };
        if let Some(id) = &id {
            touch_pair(tx, id, pair, now).await?;
        }
        integration = Some((&pair.user_id, id));
    }
    Ok(())
}

/// Wakes the integration of a user, if they have a live one; answers its id.
pub async fn wake(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<Option<String>> {
    let row = fetch_optional!(
        tx,
        (String,),
        "UPDATE user_integrations SET wake_seq = wake_seq + 1,
             due_at = CASE WHEN wake_seq = seen_seq OR due_at > $3 THEN $3 ELSE due_at END
         WHERE user_id = $1 AND provider = $2 AND state NOT IN ('disconnecting', 'disconnected')
         RETURNING id",
        user_id,
        GOOGLE,
        micros(now),
    )?;
    Ok(row.map(|(id,)| id))
}

async fn touch_pair(tx: &mut Tx, integration_id: &str, pair: &Touched, now: Timestamp) -> Result<()> {
    const SQL: &str = concat!(
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, phase, sync_state, failures, created_at, updated_at)
         VALUES ($1, $2, $3, 1, 0, $4, 0, 1, 'untold', 'waiting', 0, $4, $4)
         ON CONFLICT (integration_id, kind, item_id) DO UPDATE SET
             wanted_revision = sync_mappings.wanted_revision + 1, due_at = excluded.due_at, failures = 0,
             updated_at = CASE WHEN sync_mappings.wanted_revision = sync_mappings.settled_revision
                 THEN excluded.updated_at ELSE sync_mappings.updated_at END,
             life = CASE WHEN $5 THEN sync_mappings.life + 1 ELSE sync_mappings.life END,
             phase = CASE WHEN $5 THEN ",
        ended!("sync_mappings.phase"),
        " ELSE sync_mappings.phase END"
    );
    execute!(tx, SQL, integration_id, pair.item.kind.name(), &pair.item.id, micros(now), pair.ends_life)?;
    Ok(())
}

/// Makes every item of the user a due pair of their live integration, if they have one: at its
/// connection, and at a change of its rules.
pub async fn touch_all(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<()> {
    let Some(integration_id) = wake(tx, user_id, now).await? else { return Ok(()) };
    execute!(
        tx,
        "INSERT INTO sync_mappings (integration_id, kind, item_id, wanted_revision, settled_revision, due_at,
             life, generation, phase, sync_state, failures, created_at, updated_at)
         SELECT $1, u.kind, u.item_id, 1, 0, $3, 0, 1, 'untold', 'waiting', 0, $3, $3
         FROM item_users u JOIN items i ON i.kind = u.kind AND i.item_id = u.item_id
         WHERE u.user_id = $2 AND i.deleted = FALSE
         ON CONFLICT (integration_id, kind, item_id) DO NOTHING",
        &integration_id,
        user_id,
        micros(now),
    )?;
    execute!(
        tx,
        // Those that are due as well: a pass may be at them by the rules of before.
        "UPDATE sync_mappings SET wanted_revision = wanted_revision + 1, due_at = $2, failures = 0,
             updated_at = CASE WHEN wanted_revision = settled_revision THEN $2 ELSE updated_at END
         WHERE integration_id = $1",
        &integration_id,
        micros(now),
    )?;
    Ok(())
}
