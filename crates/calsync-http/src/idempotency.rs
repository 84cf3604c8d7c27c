//! `Idempotency-Key`: a POST that comes again within 24 hours gets its first answer again.
//!
//! The key is claimed before the work and bound to the request's method, address and body. A
//! request with a key runs to its end even if its sender is gone, so that the answer is there when
//! they ask again. An answer of 5xx is not kept: the next try does the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use calsync_store::idempotency::{self, KeyState};
use data_encoding::HEXLOWER;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::api_client::ApiClient;
use crate::app_state::{AppState, TraceId};
use crate::panics::caught;
use crate::problem::{Kind, Problem};
use crate::response;
use crate::retrying_tx;
use crate::route::NDJSON;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The longest key, in bytes.
const KEY_LENGTH_MAX: usize = 255;
/// The longest answer: that to a batch of 10,000 lines, all refused.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Raised while an answer is streamed, if a part of the work failed by our fault.
#[derive(Clone, Debug, Default)]
pub struct ServerFault(Arc<AtomicBool>);

impl ServerFault {
    /// Says so: the answer is not kept for the next try.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs the request, once if it has a key.
pub async fn run_once(
    app: &AppState,
    api_client: &ApiClient,
    parts: Parts,
    body: Bytes,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key(&parts.headers)? else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    match claim(app, api_client, &key, &fingerprint(&parts, &body)).await? {
        KeyState::New => {}
        KeyState::Running => return Err(Problem::new(Kind::RequestUnderWay)),
        KeyState::OtherRequest => return Err(Problem::new(Kind::IdempotencyKeyReused)),
        KeyState::Answered { status, body } => return Ok(again(status, &body)),
    }
    let trace = parts.extensions.get::<TraceId>().cloned().unwrap_or_else(|| app.trace_id());
    let request = Request::from_parts(parts, Body::from(body));
    let (app, api_client, engine) = (app.clone(), api_client.clone(), app.engine.clone());
    let work = async move {
        let done = caught(async {
            let response = next.run(request).await;
            keep(&app, &api_client, &key, &trace, response).await
        });
        match done.await {
            Ok(answer) => answer,
            Err(problem) => {
                forget(&app, &api_client, &key).await?;
                Err(problem)
            }
        }
    };
    caught(engine.run_to_end(|_| work)).await?
}

/// The key of a request, if it has one.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH_MAX);
    let message = "must have 1 to 255 visible ASCII characters";
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Problem::field("Idempotency-Key", message))
}

fn fingerprint(parts: &Parts, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update(b" ");
    hash.update(parts.uri.path_and_query().map_or("", |address| address.as_str()));
    hash.update(b"\n");
    hash.update(body);
    HEXLOWER.encode(&hash.finalize())
}

async fn claim(
    app: &AppState,
    api_client: &ApiClient,
    key: &str,
    fingerprint: &str,
) -> Result<KeyState, Problem> {
    let now = app.engine.now();
    let expired = now.saturating_sub(KEPT).unwrap_or(now);
    let claimed = retrying_tx!(app.engine, |tx| {
        idempotency::claim(app.engine.store(), tx, &api_client.0.id, key, fingerprint, expired, now).await?
    });
    Ok(claimed?)
}

/// Keeps the answer and gives it.
async fn keep(
    app: &AppState,
    api_client: &ApiClient,
    key: &str,
    trace: &TraceId,
    mut response: Response,
) -> Result<Response, Problem> {
    // A problem is written here, so that it can be kept; faults of ours stay problems.
    if response.status().is_server_error() {
        forget(app, api_client, key).await?;
        return Ok(response);
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = response::json(&problem, trace);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| Problem::new(Kind::Internal))?;
    if parts.extensions.get::<ServerFault>().is_some_and(ServerFault::is_raised) {
        forget(app, api_client, key).await?;
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let text = std::str::from_utf8(&body).map_err(|_| Problem::new(Kind::Internal))?;
    let status = parts.status.as_u16();
    retrying_tx!(app.engine, |tx| idempotency::answer(
        app.engine.store(),
        tx,
        &api_client.0.id,
        key,
        status,
        text
    )
    .await?)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Lets the next try do the work.
async fn forget(app: &AppState, api_client: &ApiClient, key: &str) -> Result<(), Problem> {
    Ok(retrying_tx!(app.engine, |tx| idempotency::forget(tx, &api_client.0.id, key).await?)?)
}

/// The first answer, again. Its type follows from what it is: only batches answer in lines.
fn again(status: u16, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let media_type = match status {
        status if status.is_client_error() => "application/problem+json",
        _ if body.ends_with('\n') => NDJSON,
        _ => "application/json",
    };
    (status, [(CONTENT_TYPE, media_type)], body.to_owned()).into_response()
}
