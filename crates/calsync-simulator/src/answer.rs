//! An answer before it is on the wire, and the way it gets there.
//!
//! Handlers are synchronous and give an [`Answer`]; [`deliver`] is the one place
//! that waits, compresses, dates, cuts short or loses it. By then its effect stands.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;

use crate::Simulator;
use crate::api_error::ApiError;
use crate::faults::FaultEffect;
use crate::system;

/// Marks a response that must never arrive: over TCP the connection is closed without
/// an answer, in process the transport turns it into a connection error. Status and body mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostResponse;

/// Marks a response that a fault rule or `delay_ms` made late, when the clock is manual: then nobody
/// waits in the simulator, and the transport may let this much of its own time pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayedResponse(pub Duration);

/// Bodies below this size go uncompressed.
const GZIP_BYTES_MIN: usize = 1_024;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => Self::empty(status).typed("application/json; charset=UTF-8", bytes),
            // Maps with text keys and numbers always serialise.
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    pub(crate) fn html(status: StatusCode, page: String) -> Self {
        Self::empty(status).typed("text/html; charset=utf-8", page)
    }

    pub(crate) fn typed(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.with(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// A redirect; one that no header can hold is a 400.
    pub(crate) fn redirect(status: StatusCode, to: &str) -> Self {
        match HeaderValue::from_str(to) {
            Ok(location) => Self::empty(status).with(header::LOCATION, location),
            Err(_) => Self::empty(StatusCode::BAD_REQUEST),
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let answer = Self::json(error.status(), &error.body());
        match error.challenge() {
            Some(challenge) => answer.with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)),
            None => answer,
        }
    }
}

/// An answer with what a fault rule does to its delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) answer: Answer,
    pub(crate) effect: FaultEffect,
}

impl From<Answer> for Delivery {
    fn from(answer: Answer) -> Self {
        Self { answer, effect: FaultEffect::default() }
    }
}

/// Puts the answer on the wire: late, garbled or lost where a fault says so.
pub(crate) async fn deliver(simulator: &Simulator, delivery: Delivery, accepts_gzip: bool) -> Response<Body> {
    let Delivery { mut answer, effect } = delivery;
    let delay = Duration::from_millis(simulator.options().delay_ms + effect.delay_ms.unwrap_or(0));
    let waits = !delay.is_zero();
    if waits && !simulator.clock().is_manual() {
        system::pause(delay).await;
    }
    if effect.lose_response {
        answer = Answer::empty(StatusCode::INTERNAL_SERVER_ERROR);
    }
    if effect.garble {
        // Half a body is neither valid JSON nor, were it empty, a valid answer.
        let half = answer.body.len() / 2;
        answer.body =
            if half == 0 { Bytes::from_static(b"{\"kind\": \"cal") } else { answer.body.slice(..half) };
    }
    let mut response = on_the_wire(simulator, answer, accepts_gzip);
    if waits && simulator.clock().is_manual() {
        response.extensions_mut().insert(DelayedResponse(delay));
    }
    if effect.lose_response {
        response.extensions_mut().insert(LostResponse);
    }
    response
}

fn on_the_wire(simulator: &Simulator, mut answer: Answer, accepts_gzip: bool) -> Response<Body> {
    if accepts_gzip
        && answer.body.len() >= GZIP_BYTES_MIN
        && let Some(packed) = gzip(&answer.body)
    {
        answer.body = packed;
        answer.headers.push((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        answer.headers.push((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        headers.append(name, value);
    }
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&simulator.clock().date_header())
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        headers.insert(header::DATE, date);
    }
    response
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}
