//! What the platform wants. In one transaction [`crate::users::ensure_exist`] makes unknown users known, a PUT
//! stores the item, and [`crate::mappings::mark_due`] makes the mappings of the users concerned due.

mod list;

use std::collections::BTreeSet;

use calsync_core::item::{Item, ItemBody, ItemKey, ItemKind, Versions};
use jiff::Timestamp;

use crate::db::{execute, fetch_all, fetch_optional, on};
use crate::rows::{batches, execute_rows, row};
use crate::time::micros;
use crate::{Result, StoreError, Tx};

pub use list::{Search, of_user};
pub(crate) use list::{shown_state, with_mappings};

/// How an upsert ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upsert {
    /// Stored.
    Stored {
        /// Whether no such item was there, or it had been deleted and starts anew.
        created: bool,
        /// The item's incarnation, which each deletion raises.
        incarnation: i64,
        /// The users whose calendars are concerned: those of before and those of now.
        users: BTreeSet<String>,
    },
    /// The same body was there: nothing changed.
    Same,
    /// Its version is not newer than what is known ([`Versions::refuse_put`]).
    StaleVersion {
        /// The highest known version.
        stored: i64,
    },
}

row! {
    struct Row {
        kind: String,
        item_id: String,
        body: String,
        revision: i64,
        deleted: bool,
    }
}

row! {
    struct LockedRow {
        incarnation: i64,
        version: Option<i64>,
        deleted_version: Option<i64>,
        ..
        item: Row,
    }
}

const TABLE: &str = "items";

/// An item can only be gone between insert and lock if it is forgotten with its user just then.
const INSERTS_MAX: usize = 3;

/// An update that changes nothing locks the row on both databases.
const LOCK: &str = "UPDATE items SET updated_at = updated_at WHERE kind = $1 AND item_id = $2
                    RETURNING kind, item_id, body, revision, deleted, incarnation, version, deleted_version";
const GET: &str = "SELECT kind, item_id, body, revision, deleted FROM items WHERE kind = $1 AND item_id = $2";

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// Its name.
    pub key: ItemKey,
    /// What the platform last said of it; none where that can't be read any more. A PUT replaces it, and
    /// whose calendars it belongs in is known from `item_users`.
    pub body: Option<ItemBody>,
    /// Raised by each PUT that changes anything, and by a DELETE.
    pub revision: i64,
    /// Whether the platform removed it.
    pub deleted: bool,
}

impl StoredItem {
    /// The item, for those who can't do without its body. Of one that is removed nobody needs it.
    pub(crate) fn readable(self) -> Result<Item> {
        let removed = || self.deleted.then(|| ItemBody::unreadable(self.key.kind));
        let corrupt = || StoreError::corrupt(TABLE, "body", self.key.to_string());
        let body = self.body.or_else(removed).ok_or_else(corrupt)?;
        Ok(Item { key: self.key, body, revision: self.revision, deleted: self.deleted })
    }
}

impl Row {
    fn read(self) -> Result<StoredItem> {
        item(&self.kind, self.item_id, &self.body, self.revision, self.deleted)
    }
}

/// Reads a stored item.
pub(crate) fn item(
    kind: &str,
    item_id: String,
    body: &str,
    revision: i64,
    deleted: bool,
) -> Result<StoredItem> {
    let corrupt = || StoreError::corrupt(TABLE, "kind", format!("{kind}:{item_id}"));
    let kind = ItemKind::from_name(kind).ok_or_else(corrupt)?;
    let body = ItemBody::from_stored(kind, body);
    Ok(StoredItem { key: ItemKey { kind, id: item_id }, body, revision, deleted })
}

fn text(body: &ItemBody) -> Result<String> {
    serde_json::to_string(body).map_err(|_| StoreError::corrupt(TABLE, "body", "a new item"))
}

/// Stores `body` as what the platform wants of `key` now.
pub async fn put(tx: &mut Tx, key: &ItemKey, body: &ItemBody, now: Timestamp) -> Result<Upsert> {
    let Some(LockedItem { item: before, incarnation, versions }) = insert_or_lock(tx, key, body, now).await?
    else {
        return Ok(Upsert::Stored { created: true, incarnation: 0, users: body.user_ids.clone() });
    };
    if !before.deleted && before.body.as_ref() == Some(body) {
        return Ok(Upsert::Same);
    }
    // The same version with another body is refused, unless what it was can't be told any more.
    let is_same = before.body.is_none() && !before.deleted && versions.put == body.version;
    if let Some(stored) = versions.refuse_put(body.version).filter(|_| !is_same) {
        return Ok(Upsert::StaleVersion { stored });
    }
    replace(tx, key, body, now).await?;
    let created = before.deleted;
    let mut users = users_of(tx, before).await?;
    for user_id in users.difference(&body.user_ids) {
        no_longer_address(tx, key, user_id).await?;
    }
    let added: Vec<_> = body.user_ids.difference(&users).map(|user_id| (key, user_id)).collect();
    address(tx, &added).await?;
    users.extend(body.user_ids.iter().cloned());
    Ok(Upsert::Stored { created, incarnation, users })
}

/// An item that nobody else changes until the transaction ends.
pub(crate) struct LockedItem {
    pub(crate) item: StoredItem,
    /// Raised by each deletion.
    incarnation: i64,
    /// The highest versions that put and deleted it.
    versions: Versions,
}

/// Stores a new item, or locks and answers the one that is there.
async fn insert_or_lock(
    tx: &mut Tx,
    key: &ItemKey,
    body: &ItemBody,
    now: Timestamp,
) -> Result<Option<LockedItem>> {
    for _ in 0..INSERTS_MAX {
        if !insert_new(tx, &[(key, body)], now).await?.is_empty() {
            return Ok(None);
        }
        if let Some(before) = lock(tx, key.kind.name(), &key.id).await? {
            return Ok(Some(before));
        }
    }
    Err(StoreError::corrupt(TABLE, "item_id", key.to_string()))
}

/// Reads an item and keeps others from changing it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, kind: &str, item_id: &str) -> Result<Option<LockedItem>> {
    let locked = fetch_optional!(tx, LockedRow, LOCK, kind, item_id)?;
    let read = |LockedRow { item, incarnation, version, deleted_version }| {
        Ok(LockedItem {
            item: item.read()?,
            incarnation,
            versions: Versions { put: version, deleted: deleted_version },
        })
    };
    locked.map(read).transpose()
}

/// Stores those of `items` that are not there yet, and addresses their users; answers which. Of two
/// with the same key the first one counts.
pub async fn insert_new(
    tx: &mut Tx,
    items: &[(&ItemKey, &ItemBody)],
    now: Timestamp,
) -> Result<BTreeSet<ItemKey>> {
    let mut new = BTreeSet::new();
    for batch in batches(items) {
        let texts = batch.iter().map(|(_, body)| text(body)).collect::<Result<Vec<_>>>()?;
        let inserted: Vec<(String, String)> = on!(tx, |c| {
            let mut query = sqlx::QueryBuilder::new(
                "INSERT INTO items (kind, item_id, body, version, revision, deleted, created_at, updated_at) ",
            );
            query.push_values(batch.iter().zip(&texts), |mut row, ((key, body), text)| {
                row.push_bind(key.kind.name()).push_bind(&key.id).push_bind(text).push_bind(body.version);
                row.push("1, FALSE").push_bind(micros(now)).push_bind(micros(now));
            });
            query.push(" ON CONFLICT (kind, item_id) DO NOTHING RETURNING kind, item_id");
            query.build_query_as().fetch_all(c).await
        })?;
        let is_inserted =
            |key: &ItemKey| inserted.iter().any(|(kind, id)| kind == key.kind.name() && *id == key.id);
        let first = batch.iter().filter(|(key, _)| is_inserted(key) && new.insert((*key).clone()));
        let addressed: Vec<_> =
            first.flat_map(|(key, body)| body.user_ids.iter().map(|user_id| (*key, user_id))).collect();
        address(tx, &addressed).await?;
    }
    Ok(new)
}

async fn replace(tx: &mut Tx, key: &ItemKey, body: &ItemBody, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        // A body without a version doesn't make an older one newer.
        "UPDATE items SET body = $3, version = COALESCE($4, version), revision = revision + 1, deleted = FALSE, updated_at = $5
         WHERE kind = $1 AND item_id = $2",
        key.kind.name(),
        &key.id,
        text(body)?,
        body.version,
        micros(now),
    )?;
    Ok(())
}

/// Replaces the users in an item's body, with what else was taken out of it: nothing that a calendar
/// of those who stay shows.
pub(crate) async fn replace_users(tx: &mut Tx, key: &ItemKey, body: &ItemBody, deleted: bool) -> Result<()> {
    execute!(
        tx,
        "UPDATE items SET body = $3, deleted = $4, revision = revision + 1,
             incarnation = CASE WHEN $4 AND NOT deleted THEN incarnation + 1 ELSE incarnation END
         WHERE kind = $1 AND item_id = $2",
        key.kind.name(),
        &key.id,
        text(body)?,
        deleted,
    )?;
    let users: Vec<_> = body.user_ids.iter().map(|user_id| (key, user_id)).collect();
    address(tx, &users).await
}

/// Empties a body that can't be read.
pub(crate) async fn blank(tx: &mut Tx, kind: &str, item_id: &str) -> Result<()> {
    execute!(tx, "UPDATE items SET body = '' WHERE kind = $1 AND item_id = $2", kind, item_id)?;
    Ok(())
}

async fn address(tx: &mut Tx, addressed: &[(&ItemKey, &String)]) -> Result<()> {
    for batch in batches(addressed) {
        execute_rows!(
            tx,
            "INSERT INTO item_users (kind, item_id, user_id) ",
            batch,
            |row, (key, user_id)| row.push_bind(key.kind.name()).push_bind(&key.id).push_bind(*user_id),
            " ON CONFLICT DO NOTHING",
        )?;
    }
    Ok(())
}

/// The users whose calendars an item belongs in, also where its body can't be read.
async fn users_of(tx: &mut Tx, item: StoredItem) -> Result<BTreeSet<String>> {
    match item.body {
        Some(body) => Ok(body.user_ids),
        None => addressed(tx, item.key.kind.name(), &item.key.id).await,
    }
}

/// The users whose calendars an item belongs in, by their rows.
pub(crate) async fn addressed(tx: &mut Tx, kind: &str, item_id: &str) -> Result<BTreeSet<String>> {
    let sql = "SELECT user_id FROM item_users WHERE kind = $1 AND item_id = $2";
    let rows = fetch_all!(tx, (String,), sql, kind, item_id)?;
    Ok(rows.into_iter().map(|(user_id,)| user_id).collect())
}

async fn no_longer_address(tx: &mut Tx, key: &ItemKey, user_id: &str) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM item_users WHERE kind = $1 AND item_id = $2 AND user_id = $3",
        key.kind.name(),
        &key.id,
        user_id,
    )?;
    Ok(())
}

/// How a removal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is marked deleted.
    Removed {
        /// The item's incarnation, which this deletion raised.
        incarnation: i64,
        /// The users whose calendars are concerned.
        users: BTreeSet<String>,
    },
    /// There was none, or it was deleted before.
    NothingThere,
    /// A newer version is known.
    StaleVersion {
        /// The highest known version.
        stored: i64,
    },
}

/// Marks an item as deleted. The row stays with its versions, so that an older PUT that comes late
/// doesn't bring the item back, and its incarnation ends, so that a later PUT starts anew in every calendar,
/// whether or not its user is connected at this moment.
pub async fn delete(tx: &mut Tx, key: &ItemKey, version: Option<i64>, now: Timestamp) -> Result<Removal> {
    let Some(LockedItem { item: before, incarnation, versions }) = lock(tx, key.kind.name(), &key.id).await?
    else {
        return Ok(Removal::NothingThere);
    };
    if let Some(stored) = versions.refuse_delete(version) {
        return Ok(Removal::StaleVersion { stored });
    }
    let ended = i64::from(!before.deleted);
    execute!(
        tx,
        "UPDATE items SET deleted = TRUE, deleted_version = COALESCE($4, deleted_version), incarnation = incarnation + $5,
             revision = revision + $5, updated_at = CASE WHEN deleted THEN updated_at ELSE $3 END
         WHERE kind = $1 AND item_id = $2",
        key.kind.name(),
        &key.id,
        micros(now),
        version,
        ended,
    )?;
    Ok(match before.deleted {
        true => Removal::NothingThere,
        false => Removal::Removed { incarnation: incarnation + ended, users: users_of(tx, before).await? },
    })
}

/// Reads an item; a deleted one too.
pub async fn get(tx: &mut Tx, key: &ItemKey) -> Result<Option<StoredItem>> {
    fetch_optional!(tx, Row, GET, key.kind.name(), &key.id)?.map(Row::read).transpose()
}
