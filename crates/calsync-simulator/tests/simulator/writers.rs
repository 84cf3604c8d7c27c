//! Four writers and a syncing reader: whatever they do meanwhile, the reader misses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::world::{ANA, World, meeting};

const WRITERS: usize = 4;
/// How long they write.
const LASTS: Duration = Duration::from_secs(20);
const EVENTS: &str = "/calendars/primary/events";

/// Inserts, edits and deletes in turn until told to stop; answers how many events it made.
async fn write(world: World, writer: usize, stop: Arc<AtomicBool>) -> usize {
    let mut step: usize = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("v{writer}n{:05}", step / 4);
        let path = format!("{EVENTS}/{id}");
        let answer = match step % 4 {
            0 => {
                let mut event = meeting("new");
                event["id"] = json!(id);
                world.post(EVENTS, event).await
            }
            1 | 2 => world.call("PATCH", &path, json!({"summary": format!("edit {step}")})).await,
            _ if step % 8 == 3 => world.delete(&path).await,
            _ => world.get(&path).await,
        };
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text());
        step += 1;
        tokio::task::yield_now().await;
    }
    step.div_ceil(4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_reader_misses_no_change() {
    let world = World::new();
    let stop = Arc::new(AtomicBool::new(false));
    let start = |writer| tokio::spawn(write(world.clone(), writer, stop.clone()));
    let writers: Vec<_> = (0..WRITERS).map(start).collect();
    let ending = tokio::spawn(async move {
        let _ = tokio::time::timeout(LASTS, std::future::pending::<()>()).await;
        stop.store(true, Ordering::Relaxed);
    });

    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut continuation = String::new();
    let mut syncs = 0;
    loop {
        let last_round = writers.iter().all(JoinHandle::is_finished);
        let mut page = String::new();
        continuation = loop {
            let listing = world.get(&format!("{EVENTS}?maxResults=50{continuation}{page}")).await.ok();
            for item in listing["items"].as_array().unwrap() {
                seen.insert(
                    item["id"].as_str().unwrap().to_owned(),
                    item["etag"].as_str().unwrap().to_owned(),
                );
            }
            match (listing["nextPageToken"].as_str(), listing["nextSyncToken"].as_str()) {
                (Some(token), None) => page = format!("&pageToken={token}"),
                (None, Some(token)) => break format!("&syncToken={token}"),
                _ => panic!("a page has one token: {listing}"),
            }
        };
        syncs += 1;
        if last_round {
            break;
        }
        tokio::task::yield_now().await;
    }

    ending.await.unwrap();
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    let stored = world.simulator.events(ANA);
    assert_eq!(stored.len(), made);
    let missed = stored.iter().filter(|event| match seen.get(event["id"].as_str().unwrap()) {
        Some(etag) => event["etag"] != etag.as_str(),
        // What was deleted before the first listing began is nothing to a new reader.
        None => event["status"] != "cancelled",
    });
    let missed: Vec<&Value> = missed.collect();
    assert!(missed.is_empty(), "missed after {syncs} syncs of {made} events: {missed:?}");
}
