//! The platform's end of the webhook: it keeps what it is sent, and answers as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use calsync_engine::webhooks::{AllowedHosts, SigningSecret, Target, Webhook};
use calsync_google::{Transport, TransportError, TransportFailure};
use calsync_testing::TestDatabase;
use calsync_testing::world::World;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::Value;
use tokio::sync::Semaphore;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A delivery that came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn event_type(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// What keeps its order, as the platform sees it.
    fn thing(&self) -> String {
        let data = &self.body["data"];
        format!("{} {} {}", data["kind"], data["item_id"], data["user_id"])
    }
}

/// How the platform answers; clones are one.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    gate: Semaphore,
    arrived: Semaphore,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// Statuses of answers by type; 0: the connection breaks. Others are answered 204.
    answers: BTreeMap<String, u16>,
    holds: bool,
    under_way: Vec<Received>,
    /// Deliveries that came while the same, or another of the same thing, was under way.
    overlapped: usize,
}

/// A world whose platform receives its webhook here.
pub(crate) async fn world_with_receiver(database: TestDatabase) -> (World, Receiver) {
    let receiver = Receiver::new();
    (World::with_webhook(database, receiver.webhook()).await, receiver)
}

impl Receiver {
    /// One that takes all.
    pub(crate) fn new() -> Self {
        let (gate, arrived) = (Semaphore::new(0), Semaphore::new(0));
        Self(Arc::new(Inner { state: Mutex::default(), gate, arrived }))
    }

    /// The webhook that leads here.
    pub(crate) fn webhook(&self) -> Webhook {
        Webhook {
            target: Target::parse("https://app.example.org/hook", &AllowedHosts::default()).unwrap(),
            secrets: [SigningSecret::parse(SECRET).unwrap()].into(),
            transport: Arc::new(self.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that came, taken or not.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The types of all that came.
    pub(crate) fn types(&self) -> Vec<String> {
        self.received().iter().map(|one| one.event_type().to_owned()).collect()
    }

    pub(crate) fn overlapped(&self) -> usize {
        self.state().overlapped
    }

    /// Answers deliveries of this type with `status`; 0 breaks the connection.
    pub(crate) fn answer(&self, event_type: &str, status: u16) {
        self.state().answers.insert(event_type.to_owned(), status);
    }

    /// Keeps senders waiting for their answers.
    pub(crate) fn hold(&self) {
        self.state().holds = true;
    }

    /// Waits until a delivery came that is held.
    pub(crate) async fn held_one(&self) {
        self.0.arrived.acquire().await.unwrap().forget();
    }

    /// Answers at once from now on.
    pub(crate) fn let_through(&self) {
        self.state().holds = false;
        self.0.gate.add_permits(1_000);
    }

    /// Takes a delivery in; its status, and whether its answer is held.
    fn take(&self, one: &Received) -> (u16, bool) {
        let mut state = self.state();
        state.received.push(one.clone());
        if state.under_way.iter().any(|other| other.id == one.id || other.thing() == one.thing()) {
            state.overlapped += 1;
        }
        state.under_way.push(one.clone());
        (state.answers.get(one.event_type()).copied().unwrap_or(204), state.holds)
    }

    async fn carry(self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let one = read(&request);
        let (status, is_held) = self.take(&one);
        tokio::task::yield_now().await;
        if is_held {
            self.0.arrived.add_permits(1);
            self.0.gate.acquire().await.unwrap().forget();
        }
        self.state().under_way.retain(|other| other.id != one.id);
        if status == 0 {
            return Err(TransportError { kind: TransportFailure::NoAnswer, message: "it broke".into() });
        }
        Ok(Response::builder().status(status).body(Bytes::new()).unwrap())
    }
}

fn read(request: &Request<Bytes>) -> Received {
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "https://app.example.org/hook")
    );
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signature: header("webhook-signature"),
        body: serde_json::from_slice(request.body()).unwrap(),
    }
}

impl Transport for Receiver {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.clone().carry(request))
    }
}
