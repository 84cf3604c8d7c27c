//! Whoever counts calls hears of each that was sent, and of no other.

use std::sync::{Arc, Mutex};

use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_google::{
    Body, CallObserver, ErrorSource, SentCall, Transport, TransportError, TransportFailure,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::fake::{CALENDAR, REFRESH, broken, error, meeting, world};

#[derive(Default)]
struct Heard(Mutex<Vec<(&'static str, ErrorSource, Option<Reason>)>>);

impl CallObserver for Heard {
    fn on_call(&self, call: &SentCall<'_>) {
        let reason = call.failure.map(|failure| failure.reason);
        self.0.lock().unwrap().push((call.method, call.source, reason));
    }
}

/// Lets requests pass, or holds them back for good.
struct Gate(Arc<dyn Transport>, bool);

impl Transport for Gate {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        if self.1 {
            return self.0.send(request);
        }
        let put_off = TransportError { kind: TransportFailure::PutOff, message: "not today".into() };
        Box::pin(async move { Err(put_off) })
    }
}

#[tokio::test]
async fn each_call_that_was_sent_is_heard_of() {
    let world = world();
    let heard = Arc::new(Heard::default());
    let client = world.client.observed_by(heard.clone());
    client.insert_event(&world.token, CALENDAR, &meeting("abcde")).await.unwrap();
    world.google.force(error(503, "backendError"));
    client.get_event(&world.token, CALENDAR, "abcde").await.unwrap_err();
    world.google.force(broken(TransportFailure::NoAnswer));
    client.refresh(&REFRESH.into()).await.unwrap_err();
    let no_id = client.get_event(&world.token, CALENDAR, "").await;
    assert!(no_id.is_err(), "it never left");
    for passes in [true, false] {
        let gated = client.through(|transport| Arc::new(Gate(transport, passes)));
        assert_eq!(gated.get_event(&world.token, CALENDAR, "abcde").await.is_ok(), passes);
    }
    let event = |operation| ErrorSource::Event(operation);
    let expected = [
        ("events.insert", event(Operation::Insert), None),
        ("events.get", event(Operation::Get), Some(Reason::GoogleUnavailable)),
        ("token", ErrorSource::Token(Operation::Refresh), Some(Reason::Network)),
        ("events.get", event(Operation::Get), None),
    ];
    assert_eq!(*heard.0.lock().unwrap(), expected);
}
