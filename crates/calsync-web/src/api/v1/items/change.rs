//! What a PUT and a DELETE do in a transaction, alone or as a line of a batch.

use std::collections::{BTreeMap, BTreeSet};

use calsync_core::item::{ItemBody, ItemKey};
use calsync_store::items::{self, Removal, Upsert};
use calsync_store::mappings::Touched;
use calsync_store::{StoreError, Tx, users};
use http::StatusCode;
use jiff::Timestamp;

use crate::problem::Problem;

/// Makes the users of items known; answers those who are being deleted. Before any item is stored:
/// users are locked first. `held` are users who are locked already, and whether they are being deleted.
pub(crate) async fn admit(
    tx: &mut Tx,
    bodies: impl IntoIterator<Item = &ItemBody>,
    held: &BTreeMap<String, bool>,
    now: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let named = bodies.into_iter().flat_map(|body| body.user_ids.iter().map(String::as_str));
    let unheld = named.filter(|user_id| !held.contains_key(*user_id)).collect();
    let mut leaving = users::admit(tx, &unheld, now).await?;
    leaving.extend(held.iter().filter(|(_, is_leaving)| **is_leaving).map(|(user_id, _)| user_id.clone()));
    Ok(leaving)
}

/// Refuses an item that names a user of `leaving`, who are being deleted.
pub(crate) fn refuse_leaving(body: &ItemBody, leaving: &BTreeSet<String>) -> Result<(), Problem> {
    let named = body.user_ids.intersection(leaving).next();
    named.map_or(Ok(()), |user_id| Err(Problem::being_deleted(user_id)))
}

/// Stores an item and notes in `touched` whose calendars are concerned. `leaving` is what [`admit`]
/// answered. The outer error is the
/// database's; the inner one is the caller's, and nothing was stored then.
pub(crate) async fn put(
    tx: &mut Tx,
    key: &ItemKey,
    body: &ItemBody,
    leaving: &BTreeSet<String>,
    touched: &mut BTreeSet<Touched>,
    now: Timestamp,
) -> Result<Result<StatusCode, Problem>, StoreError> {
    if let Err(problem) = refuse_leaving(body, leaving) {
        return Ok(Err(problem));
    }
    Ok(match items::put(tx, key, body, now).await? {
        Upsert::Stored { created, life, users } => {
            touch(touched, key, users, life);
            Ok(if created { StatusCode::CREATED } else { StatusCode::OK })
        }
        Upsert::Same => Ok(StatusCode::OK),
        Upsert::StaleVersion { stored } => Err(Problem::stale_version(stored)),
    })
}

/// Notes in `touched` whose calendars are concerned by an item that was just made.
pub(crate) fn created(key: &ItemKey, body: &ItemBody, touched: &mut BTreeSet<Touched>) -> StatusCode {
    touch(touched, key, body.user_ids.clone(), 0);
    StatusCode::CREATED
}

/// Removes an item, in the same manner.
pub(crate) async fn delete(
    tx: &mut Tx,
    key: &ItemKey,
    version: Option<i64>,
    touched: &mut BTreeSet<Touched>,
    now: Timestamp,
) -> Result<Result<StatusCode, Problem>, StoreError> {
    Ok(match items::delete(tx, key, version, now).await? {
        Removal::Removed { life, users } => {
            touch(touched, key, users, life);
            Ok(StatusCode::NO_CONTENT)
        }
        Removal::NothingThere => Ok(StatusCode::NO_CONTENT),
        Removal::StaleVersion { stored } => Err(Problem::stale_version(stored)),
    })
}

fn touch(touched: &mut BTreeSet<Touched>, item: &ItemKey, users: BTreeSet<String>, life: i64) {
    let mapping = |user_id| Touched { user_id, item: item.clone(), life };
    touched.extend(users.into_iter().map(mapping));
}
