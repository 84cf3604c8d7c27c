//! The wire to the simulated Google. It counts calls, and can hold answers back or pretend some.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use calsync_google::{Transport, TransportError, TransportFailure};
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::broken::{Broken, use_of};

type Answer = Result<Response<Bytes>, TransportError>;
/// What is done to each call on its way to Google, and to its answer.
type Asked = fn(Request<Bytes>) -> Request<Bytes>;
type Answered = fn(&Method, Response<Bytes>) -> Response<Bytes>;

/// The transport. Clones are one wire.
#[derive(Clone)]
pub struct TestTransport(Arc<Inner>);

struct Inner {
    google: Router,
    /// Whether the wire itself is broken.
    parts: Arc<Broken>,
    calls: AtomicU64,
    /// Answers of 401: a token that Google doesn't take.
    unauthorized: AtomicU64,
    /// How often each refresh token was traded for an access token.
    refreshed: Mutex<BTreeMap<String, u64>>,
    /// Calls that hear their answer only once it is let through.
    held: Mutex<Option<Held>>,
    gate: Semaphore,
    arrived: Semaphore,
    /// The next call whose address contains this panics, and tells what it was to carry.
    broken: Mutex<Option<String>>,
    /// Happens with each call: time passes, say.
    with_each_call: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    /// Calls whose address ends so are answered `{}` and never reach Google.
    pretended: Mutex<Option<String>>,
    /// How a strange Google differs from the simulated one.
    strange: Mutex<(Option<Asked>, Option<Answered>)>,
}

/// Calls whose address contains `part`, all of them or only the next.
struct Held {
    part: String,
    only_next: bool,
}

impl TestTransport {
    pub(super) fn new(google: Router, parts: Arc<Broken>) -> Self {
        Self(Arc::new(Inner {
            google,
            parts,
            calls: AtomicU64::new(0),
            unauthorized: AtomicU64::new(0),
            refreshed: Mutex::default(),
            held: Mutex::default(),
            gate: Semaphore::new(0),
            arrived: Semaphore::new(0),
            broken: Mutex::default(),
            with_each_call: Mutex::default(),
            pretended: Mutex::default(),
            strange: Mutex::default(),
        }))
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// From here on `happens` with each call.
    pub fn with_each_call(&self, happens: impl Fn() + Send + Sync + 'static) {
        *self.0.with_each_call.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(happens));
    }

    /// Answers of 401 so far.
    pub fn unauthorized(&self) -> u64 {
        self.0.unauthorized.load(Ordering::SeqCst)
    }

    /// How often each refresh token was traded for an access token so far.
    pub fn refreshed(&self) -> BTreeMap<String, u64> {
        self.0.refreshed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, form: &[u8], answer: &Response<Bytes>) {
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.0.unauthorized.fetch_add(1, Ordering::SeqCst);
        }
        let form = String::from_utf8_lossy(form);
        let token = form.split('&').find_map(|pair| pair.strip_prefix("refresh_token="));
        if let (Some(token), true) = (token, answer.status().is_success()) {
            let mut refreshed = self.0.refreshed.lock().unwrap_or_else(PoisonError::into_inner);
            *refreshed.entry(token.replace("%2F", "/")).or_default() += 1;
        }
    }

    /// Holds back the answers to calls whose address contains `part`.
    pub fn hold(&self, part: &str) {
        self.set_held(Some(Held { part: part.to_owned(), only_next: false }));
    }

    /// Holds back the answer to the next such call.
    pub fn hold_next(&self, part: &str) {
        self.set_held(Some(Held { part: part.to_owned(), only_next: true }));
    }

    fn set_held(&self, held: Option<Held>) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn is_held(&self, path: &str) -> bool {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.take_if(|held| held.only_next && path.contains(&held.part)).is_some();
        found || held.as_ref().is_some_and(|held| path.contains(&held.part))
    }

    /// Waits until Google did what a held call asks.
    pub async fn held_one(&self) {
        self.0.arrived.acquire().await.unwrap().forget();
    }

    /// Lets every held answer through.
    pub fn let_through(&self) {
        self.set_held(None);
        self.0.gate.add_permits(1_000);
    }

    /// Answers calls whose address ends in `end` with `{}`, without Google.
    pub fn pretend(&self, end: &str) {
        *self.0.pretended.lock().unwrap_or_else(PoisonError::into_inner) = Some(end.to_owned());
    }

    fn is_pretended(&self, path: &str) -> bool {
        let end = self.0.pretended.lock().unwrap_or_else(PoisonError::into_inner);
        end.as_ref().is_some_and(|end| path.ends_with(end))
    }

    /// From here on calls and answers are altered on their way, or no longer.
    pub fn alter(&self, asked: Option<Asked>, answered: Option<Answered>) {
        *self.0.strange.lock().unwrap_or_else(PoisonError::into_inner) = (asked, answered);
    }

    /// The next call whose address contains `part` panics, and tells what it was to carry.
    pub fn break_at(&self, part: &str) {
        *self.0.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.to_owned());
    }

    /// Whether a break is still to come.
    pub fn will_break(&self) -> bool {
        self.0.broken.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn panic_if_broken(&self, request: &Request<Bytes>) {
        use_of(&self.0.parts.transport);
        let path = request.uri().path();
        let mut broken = self.0.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.take_if(|part| path.contains(part.as_str())).is_some() {
            drop(broken);
            let secret = request.headers().get("authorization").map(|value| value.to_str().unwrap());
            panic!("can't carry {path} {secret:?} {:?}", request.body());
        }
    }

    /// Carries a request to Google.
    pub async fn deliver(&self, request: Request<Bytes>) -> Answer {
        let answer = self.0.google.clone().oneshot(request.map(Body::from)).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| TransportError {
            kind: TransportFailure::NoAnswer,
            message: error.to_string(),
        })?;
        Ok(Response::from_parts(parts, body))
    }

    async fn carry(self, request: Request<Bytes>) -> Answer {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let happens = self.0.with_each_call.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(happens) = happens {
            happens();
        }
        self.panic_if_broken(&request);
        let path = request.uri().path().to_owned();
        if self.is_pretended(&path) {
            let answer = Response::builder().header("content-type", "application/json");
            return Ok(answer.body(Bytes::from_static(b"{}")).unwrap());
        }
        let is_held = self.is_held(&path);
        let form = request.body().clone();
        // A call always waits twice, before it has its effect and before its answer is heard: whoever
        // is killed where they wait is killed there too.
        tokio::task::yield_now().await;
        let (asked, answered) = *self.0.strange.lock().unwrap_or_else(PoisonError::into_inner);
        let method = request.method().clone();
        let answer = self
            .deliver(match asked {
                Some(asked) => asked(request),
                None => request,
            })
            .await;
        let answer = match answered {
            Some(answered) => answer.map(|answer| answered(&method, answer)),
            None => answer,
        };
        tokio::task::yield_now().await;
        if let Ok(answer) = &answer {
            self.count(&form, answer);
        }
        if is_held {
            self.0.arrived.add_permits(1);
            self.0.gate.acquire().await.unwrap().forget();
        }
        answer
    }
}

impl Transport for TestTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Answer> {
        Box::pin(self.clone().carry(request))
    }
}
