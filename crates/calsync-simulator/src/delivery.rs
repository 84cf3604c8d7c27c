//! The way of an answer onto the wire.
//!
//! [`deliver`] is the one place that waits, compresses, dates, cuts short or loses an answer. By then its
//! effect stands.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::answer::Answer;
use crate::app_state::AppState;
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
pub(crate) async fn deliver(state: &AppState, delivery: Delivery, accepts_gzip: bool) -> Response<Body> {
    let Delivery { mut answer, effect } = delivery;
    let delay = Duration::from_millis(state.options().delay_ms + effect.delay_ms.unwrap_or(0));
    let waits = !delay.is_zero();
    if waits && !state.clock().is_manual() {
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
    let mut response = on_the_wire(state, answer, accepts_gzip);
    if waits && state.clock().is_manual() {
        response.extensions_mut().insert(DelayedResponse(delay));
    }
    if effect.lose_response {
        response.extensions_mut().insert(LostResponse);
    }
    response
}

fn on_the_wire(state: &AppState, mut answer: Answer, accepts_gzip: bool) -> Response<Body> {
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
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&state.clock().date_header())
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
