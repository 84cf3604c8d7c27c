//! A user's items, page by page, and the state in which they see each.

use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::sync_state::SyncState;

use super::{Row, StoredItem};
use crate::db::fetch_all;
use crate::{Result, Tx};

/// The state in which a user sees an item: `u` is the user's row, `g` their integration, `m` the mapping.
macro_rules! shown_state {
    () => {
        "COALESCE(m.sync_state, 'not_connected')"
    };
}

/// The integration and the mapping of each row of `item_users u`, where there are any.
macro_rules! with_mappings {
    () => {
        "LEFT JOIN user_integrations g ON g.user_id = u.user_id AND g.provider = 'google'
             AND g.state <> 'disconnected'
         LEFT JOIN sync_mappings m ON m.integration_id = g.id AND m.kind = u.kind AND m.item_id = u.item_id"
    };
}
pub(crate) use {shown_state, with_mappings};

/// Which items of a user are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search<'a> {
    /// The user.
    pub user_id: &'a str,
    /// Of one kind only.
    pub kind: Option<ItemKind>,
    /// In one state only.
    pub state: Option<SyncState>,
    /// Deleted ones as well, while they are still to go from the calendar.
    pub with_removals: bool,
}

/// A page of a user's items, after `after` in the order of kind and id.
pub async fn of_user(
    tx: &mut Tx,
    search: Search<'_>,
    after: Option<&ItemKey>,
    limit: i64,
) -> Result<Vec<StoredItem>> {
    const SQL: &str = concat!(
        "SELECT i.kind, i.item_id, i.body, i.revision, i.deleted
         FROM item_users u JOIN items i ON i.kind = u.kind AND i.item_id = u.item_id ",
        with_mappings!(),
        " WHERE u.user_id = $1 AND u.kind IN ('session', 'task', 'deadline')
            AND (i.deleted = FALSE OR ($6 AND m.sync_state = 'waiting'))
            AND ($2 = '' OR u.kind = $2) AND ($7 = '' OR $7 = ",
        shown_state!(),
        ") AND (u.kind > $3 OR (u.kind = $3 AND u.item_id > $4))
         ORDER BY u.kind, u.item_id LIMIT $5"
    );
    let rows = fetch_all!(
        tx,
        Row,
        SQL,
        search.user_id,
        search.kind.map_or("", ItemKind::name),
        after.map_or("", |key| key.kind.name()),
        after.map_or("", |key| key.id.as_str()),
        limit,
        search.with_removals,
        search.state.map_or("", SyncState::name),
    )?;
    rows.into_iter().map(Row::read).collect()
}
