//! What Google and the machine allow: the same events, sent by a bare loop that stores nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

use crate::events::Event;
use crate::google::Google;
use crate::peers::tokens;

/// The query of every insert, the same as the service's.
const QUERY: &str = "sendUpdates=none&conferenceDataVersion=1&supportsAttachments=true";

type HttpClient = Client<HttpConnector, Full<Bytes>>;

struct Insert {
    url: String,
    bearer: String,
    body: Bytes,
}

/// Inserts `events` into a new Google, `at_once` at a time; gives the time to the last event there.
pub(crate) async fn run(delay_ms: u64, at_once: usize, events: &[Event]) -> anyhow::Result<Duration> {
    let google = Google::start(delay_ms).await?;
    let tokens = tokens(&google, events).await?;
    let insert = |event: &Event| Insert {
        url: format!("{}/calendar/v3/calendars/{}/events?{QUERY}", google.url, event.account),
        bearer: format!("Bearer {}", tokens[&event.account]),
        body: event.body.to_string().into(),
    };
    let inserts: Arc<[Insert]> = events.iter().map(insert).collect();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(tcp);
    let start = Instant::now();
    let mut loops = JoinSet::new();
    for _ in 0..at_once {
        loops.spawn(insert_all(client.clone(), inserts.clone(), next.clone()));
    }
    let arrived = google.called("events.insert", events.len()).await?;
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    Ok(arrived - start)
}

async fn insert_all(
    client: HttpClient,
    inserts: Arc<[Insert]>,
    next: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    while let Some(insert) = inserts.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = Request::post(&insert.url)
            .header(AUTHORIZATION, &insert.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(insert.body.clone()))?;
        let answer = client.request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        ensure!(status.is_success(), "an insert of the bare loop: {status}");
    }
    Ok(())
}
