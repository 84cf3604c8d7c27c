//! Removes event by event: what a list by stamp shows, and what the mappings tell of besides. Each
//! batch is stored, so a crash repeats one batch at most, and an event that is gone stays gone.

use std::collections::BTreeSet;

use calsync_core::item::ItemKey;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reaction;
use calsync_core::remote::RemoteEvent;
use calsync_core::stamp::INTEGRATION;
use calsync_google::{Deleted, ListQuery};
use futures_util::StreamExt;

use super::super::run::{DisconnectRun, StepResult};
use super::could_not;
use crate::EngineError;
use crate::google::{AuthorizedClient, CallError};
use crate::ownership::is_ours;

/// Events that are listed, removed and stored at once.
const BATCH: u32 = 50;
/// 500,000 events: a list that goes on goes round in circles.
const BATCHES_MAX: usize = 10_000;

/// An event that has to be deleted.
struct PendingDelete {
    google_id: String,
    item: Option<ItemKey>,
}

/// Removes every event of ours from the calendar.
pub(super) async fn remove(run: &mut DisconnectRun<'_>, calendar_id: &str) -> Result<StepResult, CallError> {
    // What Google refuses to remove, however often it is asked.
    let mut refused = BTreeSet::new();
    for _ in 0..BATCHES_MAX {
        let mut batch = listed(run, calendar_id, &refused).await?;
        if batch.is_empty() {
            batch = from_mappings(run, calendar_id, &refused).await?;
        }
        if batch.is_empty() {
            return Ok(finished(run, calendar_id, refused.len()).await?);
        }
        remove_batch(run, calendar_id, batch, &mut refused).await?;
    }
    Ok(could_not(run, calendar_id, "Events of ours come up again and again.").await?)
}

async fn finished(
    run: &DisconnectRun<'_>,
    calendar_id: &str,
    refused: usize,
) -> Result<StepResult, EngineError> {
    let removed = run.saga.removed;
    match refused {
        0 if removed == 0 => Ok(StepResult::already_so("Nothing of ours was in the calendar.")),
        0 => Ok(StepResult::done(format!("{removed} items are removed; a list shows nothing of ours left."))),
        _ => could_not(run, calendar_id, &format!("Google refuses to remove {refused} items.")).await,
    }
}

/// The first events of ours that a list by stamp shows.
async fn listed(
    run: &mut DisconnectRun<'_>,
    calendar_id: &str,
    refused: &BTreeSet<String>,
) -> Result<Vec<PendingDelete>, CallError> {
    let private_property = Some(format!("{INTEGRATION}={}", run.integration.id));
    let mut query = ListQuery { private_property, max_results: Some(BATCH), ..ListQuery::default() };
    for _ in 0..BATCHES_MAX {
        let page = run.list(calendar_id, &query).await?;
        let is_to_go = |event: &&RemoteEvent| {
            !event.is_cancelled()
                && !refused.contains(event.id())
                && is_ours(run.engine, &run.integration, calendar_id, event)
        };
        let pending = |event: &RemoteEvent| PendingDelete { google_id: event.id().to_owned(), item: None };
        let found: Vec<PendingDelete> = page.events.iter().filter(is_to_go).map(pending).collect();
        match page.next_page_token {
            Some(next) if found.is_empty() => query.page_token = Some(next),
            _ => return Ok(found),
        }
    }
    Ok(Vec::new())
}

/// Events that a mapping tells of and no list shows: their stamp is gone, or they were never made.
async fn from_mappings(
    run: &DisconnectRun<'_>,
    calendar_id: &str,
    refused: &BTreeSet<String>,
) -> Result<Vec<PendingDelete>, EngineError> {
    let mut after = None;
    loop {
        let page = run.remaining_items(calendar_id, after.as_ref(), i64::from(BATCH)).await?;
        after = page.last().cloned();
        if after.is_none() {
            return Ok(Vec::new());
        }
        let left = page.into_iter().filter(|one| !refused.contains(&one.google_id));
        let found: Vec<PendingDelete> =
            left.map(|one| PendingDelete { google_id: one.google_id, item: Some(one.item) }).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
}

/// Removes a batch and stores what is gone; the first failure that concerns more than one event
/// ends it.
async fn remove_batch(
    run: &mut DisconnectRun<'_>,
    calendar_id: &str,
    batch: Vec<PendingDelete>,
    refused: &mut BTreeSet<String>,
) -> Result<(), CallError> {
    let at_once = run.engine.settings().calls_in_flight_per_integration.max(1);
    let (mut gone, mut call_error) = (Vec::new(), None);
    for few in batch.chunks(at_once) {
        run.before_a_call().await?;
        let google = &run.google;
        let deletes: Vec<_> = few.iter().map(|pending| delete_event(google, calendar_id, pending)).collect();
        let answers: Vec<_> = futures_util::stream::iter(deletes).buffered(at_once).collect().await;
        for (pending, answer) in few.iter().zip(answers) {
            match answer {
                Ok(_) => gone.push(pending.google_id.clone()),
                Err(CallError::Failed(failure)) if failure.reason.info().reaction == Reaction::Park => {
                    refused.insert(pending.google_id.clone());
                }
                Err(error) => call_error = Some(error),
            }
        }
        if call_error.is_some() {
            break;
        }
    }
    if !gone.is_empty() {
        run.removed(&gone).await?;
    }
    call_error.map_or(Ok(()), Err)
}

async fn delete_event(
    google: &AuthorizedClient,
    calendar_id: &str,
    pending: &PendingDelete,
) -> Result<Deleted, CallError> {
    let (item, google_id) = (pending.item.as_ref(), pending.google_id.as_str());
    let delete = google.send(item, Operation::Delete, |google, token| async move {
        google.delete_event(&token, calendar_id, google_id, None).await
    });
    let answer = delete.await;
    let outcome = answer.as_ref().map(|deleted| match deleted {
        Deleted::Done => Outcome::Done,
        Deleted::AlreadySo => Outcome::AlreadySo,
    });
    google.note(item, Operation::Delete, outcome);
    answer
}
