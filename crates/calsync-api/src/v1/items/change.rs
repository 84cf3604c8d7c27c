//! What a PUT and a DELETE do in a transaction, alone or as a line of a batch.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::item::{ItemBody, ItemKey};
use calsync_http::problem::Problem;
use calsync_store::items::{self, Removal, Upsert};
use calsync_store::mappings::DueChange;
use calsync_store::{StoreError, Tx, users};
use http::StatusCode;
use jiff::Timestamp;

/// What came of a change that the platform asked for. A refusal is the caller's fault: nothing was stored
/// for it, and the transaction goes on.
#[derive(Clone, Debug)]
pub(crate) enum ChangeResult {
    Stored(StatusCode),
    Refused(Problem),
}

impl ChangeResult {
    /// As a handler answers it.
    pub(crate) fn into_answer(self) -> Result<StatusCode, Problem> {
        match self {
            Self::Stored(status) => Ok(status),
            Self::Refused(problem) => Err(problem),
        }
    }
}

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

/// A user of the item who is being deleted: such an item is refused.
pub(crate) fn leaving_user<'a>(body: &'a ItemBody, being_deleted: &'a BTreeSet<String>) -> Option<&'a str> {
    body.user_ids.intersection(being_deleted).next().map(String::as_str)
}

/// Stores an item, and adds the mappings that it makes due. `being_deleted` is what [`ensure_exist`]
/// answered.
pub(crate) async fn put(
    tx: &mut Tx,
    key: &ItemKey,
    body: &ItemBody,
    being_deleted: &BTreeSet<String>,
    due_changes: &mut BTreeSet<DueChange>,
    now: Timestamp,
) -> Result<ChangeResult, StoreError> {
    if let Some(user_id) = leaving_user(body, being_deleted) {
        return Ok(ChangeResult::Refused(Problem::being_deleted(user_id)));
    }
    Ok(match items::put(tx, key, body, now).await? {
        Upsert::Stored { created, incarnation, users } => {
            mark_due(due_changes, key, users, incarnation);
            ChangeResult::Stored(if created { StatusCode::CREATED } else { StatusCode::OK })
        }
        Upsert::Same => ChangeResult::Stored(StatusCode::OK),
        Upsert::StaleVersion { stored } => ChangeResult::Refused(Problem::stale_version(stored)),
    })
}

/// Adds the mappings of an item that was just made.
pub(crate) fn created(key: &ItemKey, body: &ItemBody, due_changes: &mut BTreeSet<DueChange>) -> ChangeResult {
    mark_due(due_changes, key, body.user_ids.clone(), 0);
    ChangeResult::Stored(StatusCode::CREATED)
}

/// Removes an item, in the same manner.
pub(crate) async fn delete(
    tx: &mut Tx,
    key: &ItemKey,
    version: Option<i64>,
    due_changes: &mut BTreeSet<DueChange>,
    now: Timestamp,
) -> Result<ChangeResult, StoreError> {
    Ok(match items::delete(tx, key, version, now).await? {
        Removal::Removed { incarnation, users } => {
            mark_due(due_changes, key, users, incarnation);
            ChangeResult::Stored(StatusCode::NO_CONTENT)
        }
        Removal::NothingThere => ChangeResult::Stored(StatusCode::NO_CONTENT),
        Removal::StaleVersion { stored } => ChangeResult::Refused(Problem::stale_version(stored)),
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
