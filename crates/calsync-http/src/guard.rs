//! What happens before every handler, as its line in the table of routes says: the caller's right
//! is checked, then the body read within its limits, then the idempotency key looked up.
//!
//! Handlers get the whole body; none of them reads from the network.

use std::mem;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures_util::StreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::admin_auth::{self, Admission, SignedInAdmin};
use crate::api_client::authorise;
use crate::app_state::{AppState, BodyRoom};
use crate::idempotency;
use crate::panics::caught;
use crate::problem::{Kind, Problem};
use crate::route::{Access, BodyKind, Route};

/// Lets a request through to its handler, or not; the answer knows its route.
pub(crate) async fn guard(
    State((app, route)): State<(AppState, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    let passed = caught(pass(&app, route, request, next)).await;
    let mut response = passed.flatten().into_response();
    response.extensions_mut().insert(route);
    response
}

async fn pass(app: &AppState, route: &Route, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let api_client = match check_access(app, route, &mut parts).await? {
        Admission::Granted(api_client) => api_client,
        Admission::Redirect(response) => return Ok(response),
    };
    if route.body_kind == BodyKind::Nothing {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    // A browser sends its cookies along whatever the body is.
    let is_browser = parts.extensions.get::<SignedInAdmin>().is_some_and(SignedInAdmin::is_browser);
    if route.body_kind == BodyKind::Form || is_browser {
        refuse_cross_site(app, &parts.headers)?;
    }
    let mut room = BodyRoom::default();
    let body = read(app, route.body_kind, &parts.headers, body, &mut room).await?;
    if route.body_kind == BodyKind::Ndjson {
        // After the body: who sends none holds no slot.
        let slot = app.batch_slot(mem::take(&mut room)).await;
        parts.extensions.insert(slot.ok_or_else(|| Problem::new(Kind::Unavailable))?);
    }
    if route.body_kind == BodyKind::Form {
        admin_auth::check_form(&parts, &body)?;
    }
    match api_client {
        Some(api_client) if parts.method == Method::POST => {
            idempotency::run_once(app, &api_client, parts, body, next).await
        }
        _ => Ok(next.run(Request::from_parts(parts, Body::from(body))).await),
    }
}

/// Checks the caller's right, as the route says.
async fn check_access(app: &AppState, route: &Route, parts: &mut Parts) -> Result<Admission, Problem> {
    match route.access {
        Access::Everyone => Ok(Admission::Granted(None)),
        Access::Key(scope) => {
            let api_client = authorise(app, &parts.headers, scope).await?;
            parts.extensions.insert(api_client.clone());
            Ok(Admission::Granted(Some(api_client)))
        }
        Access::Admin(role) => {
            admin_auth::admin(app, parts, role).await.map(|api_client| Admission::Granted(Some(api_client)))
        }
        Access::Console(role) => admin_auth::console(app, parts, Some(role)).await,
        Access::SignedIn => admin_auth::console(app, parts, None).await,
    }
}

/// Reads a whole body of the right type, for which it makes `room` as it comes.
async fn read(
    app: &AppState,
    body_kind: BodyKind,
    headers: &HeaderMap,
    body: Body,
    room: &mut BodyRoom,
) -> Result<Bytes, Problem> {
    check_type(body_kind, headers)?;
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > body_kind.bytes_max()) {
        return Err(too_large(body_kind));
    }
    // One piece, as long as the caller says: doubling would take three times the body. What isn't written
    // takes no memory, whatever was said.
    let bytes = BytesMut::with_capacity(length.unwrap_or(0));
    let collected = collect(app, body_kind, body, room, bytes);
    let read = tokio::time::timeout(body_kind.arrives_within(), collected).await;
    read.unwrap_or_else(|_| Err(Problem::new(Kind::Timeout)))
}

async fn collect(
    app: &AppState,
    body_kind: BodyKind,
    body: Body,
    room: &mut BodyRoom,
    mut bytes: BytesMut,
) -> Result<Bytes, Problem> {
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let malformed =
            |_| Problem::new(Kind::BadRequest).detail("the body ends early, or isn't chunked well");
        let part = part.map_err(malformed)?;
        if bytes.len() + part.len() > body_kind.bytes_max() {
            return Err(too_large(body_kind));
        }
        app.widen(room, bytes.len() + part.len()).ok_or_else(|| Problem::new(Kind::Unavailable))?;
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

fn too_large(body_kind: BodyKind) -> Problem {
    Problem::new(Kind::TooLarge).detail(format!("the body must not exceed {} bytes", body_kind.bytes_max()))
}

/// A body without a type is taken as what the route wants; a compressed one is not opened.
fn check_type(body_kind: BodyKind, headers: &HeaderMap) -> Result<(), Problem> {
    let wrong = || {
        Problem::new(Kind::WrongContentType)
            .detail(format!("send {}, uncompressed", body_kind.media_types().join(" or ")))
    };
    if headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(wrong());
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().map_err(|_| wrong())?;
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let is_utf8 = |part: &str| {
        let charset = part.to_ascii_lowercase().replace('"', "");
        charset.strip_prefix("charset=").is_none_or(|name| name == "utf-8" || name == "us-ascii")
    };
    if body_kind.media_types().iter().any(|one| media_type.eq_ignore_ascii_case(one)) && parts.all(is_utf8) {
        return Ok(());
    }
    Err(wrong())
}

/// A form with an effect must come from one of our own pages. Browsers say where it comes from;
/// what says nothing is no browser, and carries no cookie of a victim.
fn refuse_cross_site(app: &AppState, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == crate::return_url::origin(&app.engine.settings().public_url),
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(Problem::new(Kind::CrossSite)) }
}
