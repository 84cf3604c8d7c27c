//! Stores a slice of lines in one transaction.

use std::collections::BTreeSet;

use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::AppState;
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_store::mappings::{self, DueChange};
use calsync_store::users::{self, Put};
use calsync_store::{StoreError, Tx, items, refusals};
use http::StatusCode;
use jiff::Timestamp;

use super::line::{Line, Op};
use crate::v1::items::change::{self, ChangeResult};
use crate::v1::refusals::record::{Sent, refusal};

/// Stores `slice` and commits; answers what came of each of its lines.
pub(super) async fn store(
    app: &AppState,
    api_client: &ApiClient,
    slice: &[Line],
) -> Result<Vec<ChangeResult>, StoreError> {
    let now = app.engine.now();
    let mut in_turn: Vec<(usize, &Line)> = slice.iter().enumerate().collect();
    in_turn.sort_by_key(|(_, line)| row(&line.op));
    let named: BTreeSet<&str> = slice.iter().flat_map(|line| line.op.user_ids()).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let mut results = retrying_tx!(app.engine, |tx| {
        let mut due_changes = BTreeSet::new();
        let mut results = Vec::with_capacity(slice.len());
        let held = users::lock(tx, &named).await?;
        // What is new among neighbouring upserts is stored at once, the rest line by line.
        for run in in_turn.chunk_by(|(_, a), (_, b)| a.op.as_put().is_some() == b.op.as_put().is_some()) {
            let puts: Vec<_> = run.iter().filter_map(|(_, line)| line.op.as_put()).collect();
            let being_deleted =
                change::ensure_exist(tx, puts.iter().map(|(_, body)| *body), &held, now).await?;
            let stays = |(_, body): &(_, &ItemBody)| change::leaving_user(body, &being_deleted).is_none();
            let puts: Vec<_> = puts.into_iter().filter(stays).collect();
            let mut new = items::insert_new(tx, &puts, now).await?;
            for (index, line) in run {
                let result = apply(tx, &line.op, &being_deleted, &mut new, &mut due_changes, now).await?;
                if let ChangeResult::Refused(problem) = &result {
                    keep_refusal(tx, app, api_client, &line.op, problem).await?;
                }
                results.push((*index, result));
            }
        }
        mappings::mark_due(tx, &due_changes, now).await?;
        results
    })?;
    app.engine.hint();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// The row that a line changes. A slice takes its rows in this order, and the lines about one row
/// in theirs: two batches that name the same items the other way round would else wait for each
/// other for ever.
fn row(op: &Op) -> Option<(Option<ItemKind>, &str)> {
    match op {
        Op::Put(key, _) | Op::Delete(key, _) => Some((Some(key.kind), &key.id)),
        Op::PutUser(user) => Some((None, &user.user_id)),
        Op::Bad(_) => None,
    }
}

/// Does what one line asks for; `new` are the items that were made for lines that are still to come.
async fn apply(
    tx: &mut Tx,
    op: &Op,
    being_deleted: &BTreeSet<String>,
    new: &mut BTreeSet<ItemKey>,
    due_changes: &mut BTreeSet<DueChange>,
    now: Timestamp,
) -> Result<ChangeResult, StoreError> {
    match op {
        Op::Put(key, body) if new.remove(key) => Ok(change::created(key, body, due_changes)),
        Op::Put(key, body) => change::put(tx, key, body, being_deleted, due_changes, now).await,
        Op::Delete(key, version) => change::delete(tx, key, *version, due_changes, now).await,
        Op::PutUser(user) => Ok(match users::put(tx, user, now).await? {
            Put::Created => ChangeResult::Stored(StatusCode::CREATED),
            Put::Changed | Put::Same => ChangeResult::Stored(StatusCode::OK),
            Put::BeingDeleted => ChangeResult::Refused(Problem::being_deleted(&user.user_id)),
        }),
        Op::Bad(bad) => Ok(ChangeResult::Refused(bad.problem.clone())),
    }
}

/// A refused upsert is kept with the slice that it came in.
async fn keep_refusal(
    tx: &mut Tx,
    app: &AppState,
    api_client: &ApiClient,
    op: &Op,
    problem: &Problem,
) -> Result<(), StoreError> {
    let refusal = match op {
        Op::Put(key, _) => refusal(app, api_client, &Sent::item(key.kind.name(), &key.id), problem),
        Op::Bad(bad) if bad.is_upsert => refusal(app, api_client, &bad.sent, problem),
        Op::PutUser(user) => refusal(app, api_client, &Sent::user(&user.user_id), problem),
        Op::Bad(_) | Op::Delete(..) => return Ok(()),
    };
    refusals::record(tx, &refusal).await
}
