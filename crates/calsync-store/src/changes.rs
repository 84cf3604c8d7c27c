//! The change feed that the platform reads. A row is written in the transaction of what changed; its
//! position is given after the commit, by one transaction at a time, so that whoever reads on from a
//! position passes nothing by that was committed late.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::ids::new_id;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::webhook::{stream_of_connection, stream_of_item};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::plan_for_batch;
use crate::rows::{or_else, readable, row};
use crate::secrets::{Keyring, SecretAad};
use crate::time::{micros, time};
use crate::webhooks::{self, NewDelivery};
use crate::{Result, Store, StoreError, Tx};

const TABLE: &str = "changes";

/// A change as it happens.
#[derive(Clone, Debug, PartialEq)]
pub struct NewChange<'a> {
    /// Whom it concerns.
    pub user_id: &'a str,
    /// Which item; none: the user's connection.
    pub item: Option<&'a ItemKey>,
    /// What changed.
    pub change: Change,
    /// What became of it.
    pub outcome: ChangeOutcome,
    /// How it was.
    pub before: Value,
    /// How it is.
    pub after: Value,
}

/// A change with its position in the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct SequencedChange {
    /// Its position; later changes have higher ones.
    pub position: i64,
    /// Its id.
    pub id: String,
    /// When it happened; later than every earlier change of the same user.
    pub at: Timestamp,
    /// Whom it concerns.
    pub user_id: String,
    /// Which item; none: the user's connection.
    pub item: Option<ItemKey>,
    /// What changed.
    pub change: Change,
    /// What became of it.
    pub outcome: ChangeOutcome,
    /// How it was.
    pub before: Value,
    /// How it is.
    pub after: Value,
}

/// Keeps a change, and that the webhook is to be sent it. It has no position yet.
pub async fn record(store: &Store, tx: &mut Tx, new: &NewChange<'_>, now: Timestamp) -> Result<()> {
    let id = new_id(now, store.entropy());
    // Whoever changes the same thing waits for us, so times rise in the order of commit even if clocks differ.
    let at = fetch_optional!(
        tx,
        (i64,),
        "INSERT INTO changes (id, at, user_id, kind, item_id, change, outcome, before, after)
         SELECT $1, CASE WHEN MAX(at) >= $2 THEN MAX(at) + 1 ELSE $2 END, $3, $4, $5, $6, $7, $8, $9
         FROM changes WHERE user_id = $3
         RETURNING at",
        &id,
        micros(now),
        new.user_id,
        new.item.map(|item| item.kind.name()),
        new.item.map(|item| item.id.as_str()),
        new.change.name(),
        new.outcome.name(),
        new.before.to_string(),
        new.after.to_string(),
    )?;
    let provider = new.after["provider"].as_str().unwrap_or_default();
    let stream = new.item.map_or_else(|| stream_of_connection(new.user_id, provider), stream_of_item);
    let delivery = NewDelivery {
        id: &id,
        at: at.map_or(now, |(at,)| time(at)),
        event_type: &new.change.webhook_type(),
        stream: &stream,
        user_id: Some(new.user_id),
        data: None,
    };
    webhooks::enqueue(tx, &delivery, now).await
}

/// Gives up to `limit` committed changes their positions; answers how many. The row of the feed is
/// locked first: what another transaction places meanwhile would come before and be missed.
pub async fn assign_positions(tx: &mut Tx, limit: i64) -> Result<u64> {
    let last = fetch_optional!(
        tx,
        (i64,),
        "UPDATE change_feed SET last_position = last_position WHERE id = 1 RETURNING last_position",
    )?;
    let (last,) = last.ok_or_else(|| StoreError::corrupt("change_feed", "id", "1"))?;
    let placed = execute!(
        tx,
        "UPDATE changes SET position = $1 + next.number
         FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY at, id) AS number
               FROM changes WHERE position IS NULL ORDER BY at, id LIMIT $2) AS next
         WHERE changes.id = next.id",
        last,
        limit,
    )?;
    let count = i64::try_from(placed).unwrap_or(i64::MAX);
    execute!(tx, "UPDATE change_feed SET last_position = last_position + $1 WHERE id = 1", count)?;
    Ok(placed)
}

/// Whether any change has no position yet.
pub async fn has_unsequenced(tx: &mut Tx) -> Result<bool> {
    let found = fetch_optional!(tx, (String,), "SELECT id FROM changes WHERE position IS NULL LIMIT 1")?;
    Ok(found.is_some())
}

row! {
    struct Row {
        position: i64,
        id: String,
        at: i64,
        user_id: String,
        kind: Option<String>,
        item_id: Option<String>,
        change: String,
        outcome: String,
        before: String,
        after: String,
    }
}

/// The change with this id, once it has its place; none also where it can't be read.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<SequencedChange>> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT position, id, at, user_id, kind, item_id, change, outcome, before, after FROM changes
         WHERE id = $1 AND position IS NOT NULL",
        id,
    )?;
    Ok(readable(row.into_iter().collect(), read)?.pop())
}

/// The changes after `position`, in order. Of one that can't be read, nothing can be told,
/// and those behind it are.
pub async fn after(tx: &mut Tx, mut position: i64, limit: i64) -> Result<Vec<SequencedChange>> {
    let mut found = Vec::new();
    loop {
        let left = limit - i64::try_from(found.len()).unwrap_or(limit);
        let rows = fetch_all!(
            tx,
            Row,
            "SELECT position, id, at, user_id, kind, item_id, change, outcome, before, after FROM changes
             WHERE position > $1 ORDER BY position LIMIT $2",
            position,
            left,
        )?;
        let Some(last) = rows.last() else { return Ok(found) };
        position = last.position;
        let is_whole = rows.len();
        let readable = readable(rows, read)?;
        let left_out = readable.len() < is_whole;
        found.extend(readable);
        if !left_out {
            return Ok(found);
        }
    }
}

fn link_slot<'a>(id: &'a str, user_id: &'a str) -> SecretAad<'a> {
    SecretAad { table: TABLE, column: "link_token", row: id, user_id }
}

/// The token of the link that is kept with a change, so that each reading tells the same; none also
/// where it can't be opened any more.
pub async fn link_token(
    tx: &mut Tx,
    keyring: &Keyring,
    change: &SequencedChange,
) -> Result<Option<SecretString>> {
    let row =
        fetch_optional!(tx, (Option<Vec<u8>>,), "SELECT link_token FROM changes WHERE id = $1", &change.id,)?;
    let open = |sealed: Vec<u8>| keyring.open(link_slot(&change.id, &change.user_id), &sealed).ok();
    Ok(row.and_then(|(sealed,)| sealed).and_then(open))
}

/// Keeps the token of a link with a change, in place of an earlier one.
pub async fn keep_link_token(
    store: &Store,
    tx: &mut Tx,
    change: &SequencedChange,
    token: &SecretString,
) -> Result<()> {
    let aad = link_slot(&change.id, &change.user_id);
    let sealed = store.keyring().seal(aad, token, store.entropy());
    let sealed = sealed.ok_or_else(|| StoreError::Unusable("could not encrypt a secret".into()))?;
    execute!(tx, "UPDATE changes SET link_token = $2 WHERE id = $1", &change.id, sealed)?;
    Ok(())
}

/// Forgets changes that happened before `oldest`, read or not; at most `limit`.
pub async fn forget(tx: &mut Tx, oldest: Timestamp, limit: i64) -> Result<u64> {
    plan_for_batch(tx).await?;
    Ok(execute!(
        tx,
        "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < $1 ORDER BY at LIMIT $2)",
        micros(oldest),
        limit,
    )?)
}

fn read(row: Row) -> Result<SequencedChange> {
    let corrupt = |column| StoreError::corrupt(TABLE, column, row.id.clone());
    let item = match (&row.kind, row.item_id) {
        (Some(kind), Some(id)) => {
            Some(ItemKey { kind: ItemKind::from_name(kind).ok_or_else(|| corrupt("kind"))?, id })
        }
        _ => None,
    };
    Ok(SequencedChange {
        position: row.position,
        at: time(row.at),
        change: Change::from_name(&row.change).ok_or_else(|| corrupt("change"))?,
        outcome: ChangeOutcome::from_name(&row.outcome).ok_or_else(|| corrupt("outcome"))?,
        // That something changed is told all the same.
        before: or_else(serde_json::from_str(&row.before).ok(), corrupt("before"), Value::Null),
        after: or_else(serde_json::from_str(&row.after).ok(), corrupt("after"), Value::Null),
        item,
        id: row.id,
        user_id: row.user_id,
    })
}
