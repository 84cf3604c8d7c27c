//! The words that the stories are told in.

use axum::body::{Body, to_bytes};
use calsync_simulator::{LostResponse, NewAccount, Simulator, SimulatorOptions};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A simulator with a manual clock, and an account `ana@example.com` whose user calls it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) token: String,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Value,
    pub(crate) lost: bool,
}

pub(crate) const ANA: &str = "ana@example.com";

pub(crate) fn options() -> SimulatorOptions {
    let start: Timestamp = "2031-03-03T08:00:00Z".parse().unwrap();
    SimulatorOptions { start: Some(start), ..SimulatorOptions::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: SimulatorOptions) -> Self {
        let simulator = Simulator::new(options);
        simulator
            .add_account(NewAccount { time_zone: Some("Europe/Paris".to_owned()), ..NewAccount::of(ANA) });
        let token = simulator.access_token(ANA).unwrap();
        Self { simulator, token }
    }

    /// The same simulator, called with another token.
    pub(crate) fn as_token(&self, token: &str) -> Self {
        Self { simulator: self.simulator.clone(), token: token.to_owned() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.simulator.router().oneshot(request).await.unwrap();
        let lost = response.extensions().get::<LostResponse>().is_some();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, bytes, body, lost }
    }

    /// A call of the Calendar API below `/calendar/v3`.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call_with(method, path, &[], body).await
    }

    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("/calendar/v3{path}"))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Value::Null).await
    }

    /// Adds an event to the primary calendar.
    pub(crate) async fn insert(&self, event: Value) -> Value {
        self.post("/calendars/primary/events", event).await.ok()
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(format!("/_control{path}")).body(body).unwrap();
        self.send(request).await
    }

    /// A form, as a browser or an OAuth client sends it.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    pub(crate) async fn browse(&self, path: &str) -> Answer {
        self.send(Request::builder().uri(path).body(Body::empty()).unwrap()).await
    }
}

impl Answer {
    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.body
    }

    /// Status and reason of an error in Google's shape.
    pub(crate) fn error(&self) -> (u16, &str) {
        let error = &self.body["error"];
        assert_eq!(error["code"], self.status.as_u16(), "{}", self.text());
        assert!(error["message"].is_string() && error["errors"][0]["domain"].is_string(), "{}", self.text());
        (self.status.as_u16(), error["errors"][0]["reason"].as_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An hour on 10 March 2031.
pub(crate) fn meeting(summary: &str) -> Value {
    json!({
        "summary": summary,
        "start": {"dateTime": "2031-03-10T09:00:00Z"},
        "end": {"dateTime": "2031-03-10T10:00:00Z"},
    })
}

/// The ids of a listing.
pub(crate) fn ids(listing: &Value) -> Vec<&str> {
    listing["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}
