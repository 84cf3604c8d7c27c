//! The last thing that happens to every answer: problems are written, faults logged under the
//! request's trace id, the headers that protect browsers are set, whatever the status, and it is counted.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use calsync_core::language::Language;
use calsync_engine::trace;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use tracing::field::Empty;

use crate::app_state::{AppState, Peer, TraceId};
use crate::client::Client;
use crate::input::preferred_language;
use crate::problem::{Kind, Problem};
use crate::route::Route;

/// Nothing but our own stylesheet and images; forms go to ourselves. Pages that lead elsewhere
/// set their own.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                              frame-ancestors 'none'; base-uri 'none'";
/// When to come again after a fault that may pass, in seconds.
const RETRY_AFTER_SECS: &str = "1";

/// Headers of every answer, unless the handler set its own.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: browsers would send `Origin: null` with our own forms.
    (REFERRER_POLICY, "same-origin"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Shows a problem to a person, as a page with a way out.
pub type ProblemPage = fn(&AppState, &Problem, &TraceId, Recipient) -> Response;

/// A person who reads an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// On users' pages, in their language.
    User(Language),
    /// On the console.
    Admin,
}

/// Counts every answer, and finishes it under a trace id.
pub(crate) async fn finish(
    State((app, problem_page)): State<(AppState, ProblemPage)>,
    request: Request,
    next: Next,
) -> Response {
    let (began, trace) = (Instant::now(), app.trace_id());
    // Not the address itself: a connect link's token stands in it. The guard tells the route.
    let span = tracing::error_span!("request", trace_id = Empty, method = %request.method(), route = Empty);
    let finished = Box::pin(answer(&app, problem_page, &trace, request, next));
    let response = trace::traced(span, || trace.0.clone(), finished).await;
    let route = response.extensions().get::<&Route>();
    let (method, path) = route.map_or(("other", "none"), |route| (route.method.as_str(), route.path));
    app.engine.metrics().count_request(method, path, response.status().as_u16(), began.elapsed());
    response
}

async fn answer(
    app: &AppState,
    problem_page: ProblemPage,
    trace: &TraceId,
    mut request: Request,
    next: Next,
) -> Response {
    let recipient = recipient(&request);
    let client = client(app, &request);
    request.extensions_mut().insert(trace.clone());
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log(&problem, client);
        let written = match recipient {
            Some(recipient) => {
                let recipient = recipient.speaking(problem.language());
                problem_page(app, &problem, trace, recipient)
            }
            None => json(&problem, trace),
        };
        let route = response.extensions().get::<&'static Route>().copied();
        response = with_headers(written, &problem, response.headers());
        if let Some(route) = route {
            response.extensions_mut().insert(route);
        }
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.is_https() {
        let a_year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, a_year);
    }
    response
}

/// Where a request comes from; one that came over no socket comes from nowhere.
fn client(app: &AppState, request: &Request) -> Option<Client> {
    let peer = request.extensions().get::<Peer>()?;
    Some(Client::behind(peer.0, request.headers(), &app.engine.settings().trusted_proxies))
}

/// Logs our own faults; what callers do wrong is theirs to know.
pub fn log(problem: &Problem, client: Option<Client>) {
    if let Some(cause) = problem.cause() {
        let client = client.map(|client| tracing::field::display(client.0));
        tracing::error!(client, cause, "request failed");
    }
}

/// An answer that says `problem`, with what the handler's own answer carried beside it.
fn with_headers(mut response: Response, problem: &Problem, headers: &HeaderMap) -> Response {
    for name in [http::header::ALLOW, http::header::SET_COOKIE] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    match problem.kind() {
        Kind::Unauthorized => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Kind::Unavailable | Kind::RequestUnderWay => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECS));
        }
        _ => {}
    }
    response
}

/// A problem as JSON.
pub fn json(problem: &Problem, trace: &TraceId) -> Response {
    match serde_json::to_vec(&problem.view(&trace.0)) {
        Ok(body) => (problem.status(), [(CONTENT_TYPE, "application/problem+json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Recipient {
    /// As a problem says it, where it knows whom it speaks to.
    fn speaking(self, language: Option<Language>) -> Self {
        match (self, language) {
            (Self::User(_), Some(language)) => Self::User(language),
            _ => self,
        }
    }
}

/// The person who reads the answer; none where a program calls. A person sits at users' pages always,
/// elsewhere if the browser says so.
fn recipient(request: &Request) -> Option<Recipient> {
    let path = request.uri().path();
    let accept = request.headers().get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepts_html = accept.is_some_and(|accept| accept.contains("text/html"));
    let is_below = |start: &str| path == start || path.starts_with(&format!("{start}/"));
    let user = || Some(Recipient::User(preferred_language(request.headers())));
    if is_below("/connect") || is_below("/oauth") {
        return user();
    }
    match (is_below("/api"), accepts_html) {
        (true, _) | (_, false) => None,
        _ if is_below("/admin") => Some(Recipient::Admin),
        _ => user(),
    }
}
