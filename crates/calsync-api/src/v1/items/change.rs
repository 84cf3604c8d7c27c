//! What a PUT and a DELETE do in a transaction, alone or as a line of a batch.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::item::{ItemBody, ItemKey};
use calsync_store::items::{self, Removal, Upsert};
use calsync_store::mappings::DueChange;
use calsync_store::{StoreError, Tx, users};
use http::StatusCode;
use jiff::Timestamp;

use calsync_http::problem::Problem;

/// Makes the users of items known; answers those who are being deleted. Before any item is stored:
/// users are locked first. `held` are users who are locked already, and whether they are being deleted.
pub(crate) async fn ensure_exist(
    tx: &mut Tx,
    bodies: impl IntoIterator<Item = &ItemBody>,
    held: &BTreeMap<String, bool>,
    now: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let named = bodies.into_iter().flat_map(|body| body.user_ids.iter().map(String::as_str));
    let unheld = named.filter(|user_id| !held.contains_key(*user_id)).collect();
    let mut being_deleted = users::ensure_exist(tx, &unheld, now).await?;
    being_deleted.extend(
        held.iter().filter(|(_, is_being_deleted)| **is_being_deleted).map(|(user_id, _)| user_id.clone()),
    );
    Ok(being_deleted)
}

/// Refuses an item that names a user of `leaving`, who are being deleted.
pub(crate) fn refuse_leaving(body: &ItemBody, being_deleted: &BTreeSet<String>) -> Result<(), Problem> {
    let named = body.user_ids.intersection(being_deleted).next();
    named.map_or(Ok(()), |user_id| Err(Problem::being_deleted(user_id)))
}

/// Stores an item and notes in `touched` whose calendars are concerned. `leaving` is what [`admit`]
/// answered. The outer error is the
/// database's; the inner one is the caller's, and nothing was stored then.
pub(crate) async fn put(
    tx: &mut Tx,
    key: &ItemKey,
    body: &ItemBody,
    being_deleted: &BTreeSet<String>,
    due_changes: &mut BTreeSet<DueChange>,
    now: Timestamp,
) -> Result<Result<StatusCode, Problem>, StoreError> {
    if let Err(problem) = refuse_leaving(body, being_deleted) {
        return Ok(Err(problem));
    }
    Ok(match items::put(tx, key, body, now).await? {
        Upsert::Stored { created, incarnation, users } => {
            mark_due(due_changes, key, users, incarnation);
            Ok(if created { StatusCode::CREATED } else { StatusCode::OK })
        }
        Upsert::Same => Ok(StatusCode::OK),
        Upsert::StaleVersion { stored } => Err(Problem::stale_version(stored)),
    })
}

/// Notes in `touched` whose calendars are concerned by an item that was just made.
pub(crate) fn created(key: &ItemKey, body: &ItemBody, due_changes: &mut BTreeSet<DueChange>) -> StatusCode {
    mark_due(due_changes, key, body.user_ids.clone(), 0);
    StatusCode::CREATED
}

/// Removes an item, in the same manner.
pub(crate) async fn delete(
    tx: &mut Tx,
    key: &ItemKey,
    version: Option<i64>,
    due_changes: &mut BTreeSet<DueChange>,
    now: Timestamp,
) -> Result<Result<StatusCode, Problem>, StoreError> {
    Ok(match items::delete(tx, key, version, now).await? {
        Removal::Removed { incarnation, users } => {
            mark_due(due_changes, key, users, incarnation);
            Ok(StatusCode::NO_CONTENT)
        }
        Removal::NothingThere => Ok(StatusCode::NO_CONTENT),
        Removal::StaleVersion { stored } => Err(Problem::stale_version(stored)),
    })
}

fn mark_due(
    due_changes: &mut BTreeSet<DueChange>,
    item: &ItemKey,
    users: BTreeSet<String>,
    incarnation: i64,
) {
    let mapping = |user_id| DueChange { user_id, item: item.clone(), incarnation };
    due_changes.extend(users.into_iter().map(mapping));
}
