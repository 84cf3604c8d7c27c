//! The platform's end of the webhook, and what must hold of what it hears: at least once, in order, and
//! nothing new of a user who is forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// By how much what is told at one moment may be set apart, so that it has an order.
const ONE_MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// A delivery as it came.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    body: Bytes,
}

/// What the platform was sent; clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receiver(Arc<Mutex<Vec<Received>>>);

impl Receiver {
    /// Takes every delivery.
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/hook", post(take)).with_state(self.clone())
    }

    fn after(&self, count: usize) -> Vec<Received> {
        let received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        received.iter().skip(count).cloned().collect()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(id) = headers.get("webhook-id").and_then(|id| id.to_str().ok()) else {
        return StatusCode::BAD_REQUEST;
    };
    let received = Received { id: id.to_owned(), body };
    receiver.0.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    StatusCode::NO_CONTENT
}

/// A message as Standard Webhooks has it.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    event_type: String,
    timestamp: Timestamp,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    user_id: String,
    kind: Option<String>,
    item_id: Option<String>,
    /// Of a change.
    after: Option<After>,
    /// Of a disconnect.
    state: Option<String>,
}

#[derive(Deserialize)]
struct After {
    state: Option<String>,
    reason: Option<String>,
}

/// What of it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    receiver: Receiver,
    count: usize,
    /// Of each item or connection, what was first heard last.
    last: BTreeMap<String, (Timestamp, String)>,
    ids: BTreeSet<String>,
    /// When a user was forgotten.
    forgotten: BTreeMap<String, Timestamp>,
}

impl Heard {
    pub(crate) fn new(receiver: Receiver) -> Self {
        Self { receiver, ..Self::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// `user` was forgotten.
    pub(crate) fn forgotten(&mut self, user: &str, at: Timestamp) {
        self.forgotten.insert(user.to_owned(), at);
    }

    /// `user` is there again.
    pub(crate) fn known(&mut self, user: &str) {
        self.forgotten.remove(user);
    }

    /// Looks at what came since the last look; what it was, for the trace.
    pub(crate) fn look(&mut self) -> anyhow::Result<Vec<String>> {
        let mut told = Vec::new();
        for Received { id, body } in self.receiver.after(self.count) {
            self.count += 1;
            let message: Message = serde_json::from_slice(&body).context("a delivery that reads")?;
            let Data { user_id, kind, item_id, after, state } = message.data;
            let now = after.and_then(|after| after.reason.or(after.state)).or(state);
            told.push(format!(
                "the platform hears of {user_id}: {} {}",
                message.event_type,
                now.unwrap_or_default()
            ));
            let stream = match (kind, item_id) {
                (Some(kind), Some(item_id)) => format!("{kind} {item_id}"),
                _ => format!("connection of {user_id}"),
            };
            let last = self.last.get(&stream);
            if !self.ids.insert(id.clone()) {
                ensure!(
                    last.is_some_and(|(_, last)| *last == id),
                    "{id} of {stream} came again after a later one"
                );
                continue;
            }
            ensure!(
                last.is_none_or(|(at, _)| *at <= message.timestamp + ONE_MOMENT),
                "{id} of {stream} came after what happened later"
            );
            ensure!(
                self.forgotten.get(&user_id).is_none_or(|at| message.timestamp <= *at + ONE_MOMENT),
                "{id} tells of {user_id}, who was forgotten"
            );
            self.last.insert(stream, (message.timestamp, id));
        }
        Ok(told)
    }

    /// Whether everything with these ids was heard.
    pub(crate) fn has_all<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> anyhow::Result<()> {
        for id in ids {
            ensure!(self.ids.contains(id), "the webhook never told of the change {id}");
        }
        Ok(())
    }
}
