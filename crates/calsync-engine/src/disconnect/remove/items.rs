//! Removes event by event: what a list by stamp shows, and what the mappings tell of besides. Each
//! batch is stored, so a crash repeats one batch at most, and an event that is gone stays gone.

use std::collections::BTreeSet;

use calsync_core::item::ItemKey;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reaction;
use calsync_core::remote::RemoteEvent;
use calsync_core::stamp::INTEGRATION;
use calsync_google::{Deleted, Failure, ListQuery};
use futures_util::StreamExt;

use super::super::carrier::{Carrier, Taken};
use super::super::tokens::NoToken;
use super::{Trouble, could_not};
use crate::EngineError;
use crate::ours::is_ours;

/// Events that are listed, removed and stored at once.
const BATCH: u32 = 50;
/// 500,000 events: a list that goes on goes round in circles.
const BATCHES_MAX: usize = 10_000;

/// An event that is to go.
struct Doomed {
    google_id: String,
    item: Option<ItemKey>,
}

/// Removes every event of ours from the calendar.
pub(super) async fn remove(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
) -> Result<Result<Taken, Trouble>, EngineError> {
    // What Google refuses to remove, however often it is asked.
    let mut refused = BTreeSet::new();
    for _ in 0..BATCHES_MAX {
        let mut batch = match listed(carrier, calendar_id, &refused).await? {
            Ok(batch) => batch,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if batch.is_empty() {
            batch = told(carrier, calendar_id, &refused).await?;
        }
        if batch.is_empty() {
            return finished(carrier, calendar_id, refused.len()).await.map(Ok);
        }
        if let Err(trouble) = remove_batch(carrier, calendar_id, batch, &mut refused).await? {
            return Ok(Err(trouble));
        }
    }
    could_not(carrier, calendar_id, "Events of ours come up again and again.").await.map(Ok)
}

async fn finished(carrier: &Carrier<'_>, calendar_id: &str, refused: usize) -> Result<Taken, EngineError> {
    let removed = carrier.saga.removed;
    match refused {
        0 if removed == 0 => Ok(Taken::already_so("Nothing of ours was in the calendar.")),
        0 => Ok(Taken::done(format!("{removed} items are removed; a list shows nothing of ours left."))),
        _ => could_not(carrier, calendar_id, &format!("Google refuses to remove {refused} items.")).await,
    }
}

/// The first events of ours that a list by stamp shows.
async fn listed(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
    refused: &BTreeSet<String>,
) -> Result<Result<Vec<Doomed>, Trouble>, EngineError> {
    let private_property = Some(format!("{INTEGRATION}={}", carrier.integration.id));
    let mut query = ListQuery { private_property, max_results: Some(BATCH), ..ListQuery::default() };
    for _ in 0..BATCHES_MAX {
        let page = match carrier.list(calendar_id, &query).await? {
            Ok(page) => page,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let is_to_go = |event: &&RemoteEvent| {
            !event.is_cancelled()
                && !refused.contains(event.id())
                && is_ours(carrier.engine, &carrier.integration, calendar_id, event)
        };
        let doomed = |event: &RemoteEvent| Doomed { google_id: event.id().to_owned(), item: None };
        let found: Vec<Doomed> = page.events.iter().filter(is_to_go).map(doomed).collect();
        match page.next_page_token {
            Some(next) if found.is_empty() => query.page_token = Some(next),
            _ => return Ok(Ok(found)),
        }
    }
    Ok(Ok(Vec::new()))
}

/// Events that a mapping tells of and no list shows: their stamp is gone, or they were never made.
async fn told(
    carrier: &Carrier<'_>,
    calendar_id: &str,
    refused: &BTreeSet<String>,
) -> Result<Vec<Doomed>, EngineError> {
    let mut after = None;
    loop {
        let page = carrier.left(calendar_id, after.as_ref(), i64::from(BATCH)).await?;
        after = page.last().cloned();
        if after.is_none() {
            return Ok(Vec::new());
        }
        let left = page.into_iter().filter(|one| !refused.contains(&one.google_id));
        let found: Vec<Doomed> =
            left.map(|one| Doomed { google_id: one.google_id, item: Some(one.item) }).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
}

/// Removes a batch and stores what is gone; the first failure that concerns more than one event
/// ends it.
async fn remove_batch(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
    batch: Vec<Doomed>,
    refused: &mut BTreeSet<String>,
) -> Result<Result<(), Trouble>, EngineError> {
    let Some((token, _)) = carrier.access.clone() else { return Ok(Err(NoToken::Absent)) };
    let at_once = carrier.engine.settings().calls_in_flight_per_integration;
    let (mut gone, mut trouble) = (Vec::new(), None);
    for few in batch.chunks(at_once.max(1)) {
        carrier.before_a_call().await?;
        let (engine, token) = (carrier.engine, &token);
        let delete = |doomed: &Doomed| {
            let google_id = doomed.google_id.clone();
            async move { engine.google().delete_event(token, calendar_id, &google_id, None).await }
        };
        let answers: Vec<Result<Deleted, Failure>> =
            futures_util::stream::iter(few.iter().map(delete)).buffered(at_once.max(1)).collect().await;
        for (doomed, answer) in few.iter().zip(answers) {
            carrier.journal.note(doomed.item.as_ref(), Operation::Delete, outcome(&answer));
            match answer {
                Ok(_) => gone.push(doomed.google_id.clone()),
                Err(failure) if failure.reason.info().reaction == Reaction::Park => {
                    refused.insert(doomed.google_id.clone());
                }
                Err(failure) => trouble = Some(failure),
            }
        }
        if trouble.is_some() {
            break;
        }
    }
    if !gone.is_empty() {
        carrier.removed(&gone).await?;
    }
    match trouble {
        None => Ok(Ok(())),
        // The next list is asked with a new token.
        Some(failure) if failure.is_stale_token() && carrier.renew_stale().await? => Ok(Ok(())),
        Some(failure) => Ok(Err(NoToken::Failed(failure))),
    }
}

fn outcome(answer: &Result<Deleted, Failure>) -> Result<Outcome, &Failure> {
    answer.as_ref().map(|deleted| match deleted {
        Deleted::Done => Outcome::Done,
        Deleted::AlreadySo => Outcome::AlreadySo,
    })
}
