//! `POST /batch/calendar/v3`: up to 50 calls in one request.
//!
//! Each part is a call of its own: counted, priced, struck by faults and answered with its own status. The order
//! of the answers is not that of the calls; they are known by `Content-ID`. Source: Google's batch guide.

use std::fmt::Write;
use std::str;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::{BODY_BYTES_MAX, Call, accepts_gzip, perform};
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::faults::FaultEffect;

const PARTS_MAX: usize = 50;
/// Between the parts of an answer; no body of ours holds it.
const BOUNDARY: &str = "batch_simulated_0123456789";

pub(crate) async fn endpoint(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let gzip = accepts_gzip(&parts);
    let delivery = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => answer_all(&state, &parts, &body).unwrap_or_else(|error| Answer::from(error).into()),
        Err(_) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
    };
    deliver(&state, delivery, gzip).await
}

fn answer_all(state: &AppState, outer: &Parts, body: &[u8]) -> Result<Delivery, ApiError> {
    let calls = split(outer, body).ok_or_else(|| ApiError::bad_request("Failed to parse batch request."))?;
    if calls.len() > PARTS_MAX {
        return Err(ApiError::bad_request(format!(
            "The batch request must not contain more than {PARTS_MAX} calls."
        )));
    }
    let mut effect = FaultEffect::default();
    let mut answers: Vec<String> = Vec::new();
    for Part { content_id, call } in calls {
        let delivery = perform(state, call);
        // Parts share one connection: it is as late as its latest, and lost with any of them.
        effect.delay_ms = effect.delay_ms.max(delivery.effect.delay_ms);
        effect.lose_response |= delivery.effect.lose_response;
        effect.garble |= delivery.effect.garble;
        answers.push(answer_part(content_id.as_deref(), &delivery.answer));
    }
    answers.reverse();
    let body = format!("{}--{BOUNDARY}--\r\n", answers.concat());
    let content_type = HeaderValue::from_static("multipart/mixed; boundary=batch_simulated_0123456789");
    let mut answer = Answer::empty(StatusCode::OK).with(header::CONTENT_TYPE, content_type);
    answer.body = body.into();
    Ok(Delivery { answer, effect })
}

fn answer_part(content_id: Option<&str>, answer: &Answer) -> String {
    let mut part = format!("--{BOUNDARY}\r\nContent-Type: application/http\r\n");
    if let Some(id) = content_id {
        let id = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
        // Writing to a text can't fail.
        let _ = write!(part, "Content-ID: <response-{id}>\r\n");
    }
    let _ = write!(part, "\r\nHTTP/1.1 {}\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(part, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let body = String::from_utf8_lossy(&answer.body);
    let _ = write!(part, "Content-Length: {}\r\n\r\n{body}\r\n", body.len());
    part
}

struct Part {
    content_id: Option<String>,
    call: Call,
}

/// The calls of a multipart body; `None` where it isn't one.
fn split(outer: &Parts, body: &[u8]) -> Option<Vec<Part>> {
    let content_type = outer.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary =
        content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    let body = str::from_utf8(body).ok()?;
    let delimiter = format!("--{boundary}");
    let mut parts = body.split(delimiter.as_str()).skip(1);
    let mut calls = Vec::new();
    loop {
        let part = parts.next()?;
        if part.starts_with("--") {
            return Some(calls);
        }
        calls.push(read_part(part, outer)?);
    }
}

fn read_part(part: &str, outer: &Parts) -> Option<Part> {
    let (headers, request) = head_and_rest(part.trim_start())?;
    let content_id =
        read_headers(headers).get("content-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let request = request.trim_start();
    // A call without headers has nothing after its first line.
    let (head, body) = head_and_rest(request).unwrap_or((request, ""));
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split_whitespace();
    let method = Method::from_bytes(words.next()?.as_bytes()).ok()?;
    let target = words.next()?;
    let target =
        target.split_once("://").map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = read_headers(headers);
    if let Some(authorization) = outer.headers.get(header::AUTHORIZATION) {
        headers.entry(header::AUTHORIZATION).or_insert_with(|| authorization.clone());
    }
    let call = Call::of(&method, path, query, &headers, body.trim().as_bytes());
    Some(Part { content_id, call })
}

fn head_and_rest(text: &str) -> Option<(&str, &str)> {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))
}

fn read_headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines.lines().filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.trim().as_bytes()), HeaderValue::from_str(value.trim()))
        {
            headers.append(name, value);
        }
    }
    headers
}
