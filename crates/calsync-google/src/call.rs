//! The client, and the one function through which each of its calls goes.
//!
//! A call is sent once and leaves a `tracing` span with its method and status: no address, no id,
//! no token. The secrets that it carries are taken out of every failure.

use std::sync::Arc;

use calsync_core::outcome::Operation;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use tracing::Instrument;

use crate::answer::Answer;
use crate::endpoints::{Endpoints, OAuthClient};
use crate::failure::{ErrorSource, Failure};
use crate::observer::{CallObserver, SentAt, SentCall, Timed};
use crate::transport::{Body, QuotaUnits, Transport};

const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("calsync/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What may stand in a part of a path as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Google's OAuth and Calendar. Cheap to clone.
#[derive(Clone)]
pub struct GoogleClient {
    inner: Arc<Inner>,
    transport: Arc<dyn Transport>,
    observer: Option<Arc<dyn CallObserver>>,
}

struct Inner {
    endpoints: Endpoints,
    oauth: OAuthClient,
    /// `…/calendars/`, before a calendar's id.
    calendars_url: String,
}

impl std::fmt::Debug for GoogleClient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("GoogleClient").field("endpoints", &self.inner.endpoints).finish_non_exhaustive()
    }
}

impl GoogleClient {
    /// A client of Google at `endpoints`, which knows us as `oauth`.
    pub fn new(endpoints: Endpoints, oauth: OAuthClient, transport: Arc<dyn Transport>) -> Self {
        let calendars_url = format!("{}/calendars/", endpoints.calendar_url);
        Self {
            inner: Arc::new(Inner { endpoints, oauth, calendars_url }),
            transport: Arc::new(Timed(transport)),
            observer: None,
        }
    }

    /// The same client over the transport that `wrap` makes of its own.
    pub fn through(&self, wrap: impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport>) -> Self {
        Self { transport: wrap(self.transport.clone()), ..self.clone() }
    }

    /// The same client, of whose calls `observer` hears, and nobody else.
    pub fn observed_by(&self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer: Some(observer), ..self.clone() }
    }

    /// Where Google is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    /// The name under which Google knows us.
    pub fn client_id(&self) -> &str {
        &self.inner.oauth.client_id
    }

    pub(crate) fn oauth(&self) -> &OAuthClient {
        &self.inner.oauth
    }

    /// `…/calendars/{calendar_id}` with `more` bytes to spare.
    ///
    /// An empty id would name the whole collection, so it is refused, as everywhere here.
    pub(crate) fn calendar_url(&self, calendar_id: &str, more: usize) -> Result<String, Failure> {
        let prefix = &self.inner.calendars_url;
        let mut url = String::with_capacity(prefix.len() + 3 * calendar_id.len() + more);
        url.push_str(prefix);
        push_segment(&mut url, calendar_id)?;
        Ok(url)
    }

    /// Sends `call` once and makes of a success what `read` finds in it.
    pub(crate) async fn send<T>(
        &self,
        call: Call<'_>,
        read: impl FnOnce(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Call { name, source, secrets, request } = call;
        let span = tracing::debug_span!("call", method = name, status = tracing::field::Empty);
        let (mut request, sent_at) = (request?, SentAt::default());
        request.extensions_mut().insert(sent_at.clone());
        let answer = self.transport.send(request).instrument(span.clone()).await;
        let took = sent_at.elapsed();
        if let Ok(answer) = &answer {
            span.record("status", answer.status().as_u16());
        }
        let result = match answer {
            Err(error) => Err(Failure::of_transport(&error)),
            Ok(answer) if answer.status().is_success() => read(&Answer(answer)),
            Ok(answer) if answer.status().as_u16() >= 400 => Err(Failure::of_answer(source, &answer)),
            Ok(answer) => Err(Failure::garbled(&answer)),
        };
        let secrets = secrets.iter().flatten().map(|secret| secret.expose_secret());
        let result = result.map_err(|failure| failure.without(secrets));
        let failure = result.as_ref().err();
        tracing::debug!(
            parent: &span,
            took_ms = took.map(|took| took.as_millis()),
            outcome = failure.map(|failure| failure.outcome.name()),
            reason = failure.map(|failure| failure.reason.name()),
            "call ended"
        );
        if let (Some(observer), Some(took)) = (&self.observer, took) {
            observer.on_call(&SentCall { method: name, source, took, failure });
        }
        result
    }
}

/// Adds an id to a path, encoded.
pub(crate) fn push_segment(url: &mut String, id: &str) -> Result<(), Failure> {
    // Dots alone would be taken for steps through the path.
    if id.is_empty() || id == "." || id == ".." {
        return Err(Failure::not_sendable("an id that no address can hold"));
    }
    url.extend(utf8_percent_encode(id, SEGMENT));
    Ok(())
}

/// What a request carries that no failure may show.
pub(crate) type Secrets<'a> = [Option<&'a SecretString>; 3];

/// One request, ready to be sent.
pub(crate) struct Call<'a> {
    name: &'static str,
    source: ErrorSource,
    request: Result<Request<Body>, Failure>,
    secrets: Secrets<'a>,
}

impl<'a> Call<'a> {
    /// A call of an API in the name of `access_token`. `name` is the method's in Google's documents.
    pub(crate) fn api(
        name: &'static str,
        source: ErrorSource,
        method: Method,
        url: String,
        access_token: &'a SecretString,
    ) -> Self {
        let mut call = Self::plain(name, source, method, url, Body::new());
        let bearer = format!("Bearer {}", access_token.expose_secret());
        match HeaderValue::try_from(bearer) {
            Ok(mut bearer) => {
                bearer.set_sensitive(true);
                call.set(AUTHORIZATION, bearer);
            }
            Err(_) => call.request = Err(Failure::not_sendable("an access token that no header can hold")),
        }
        call.secrets = [Some(access_token), None, None];
        if source == ErrorSource::Userinfo { call } else { call.quota_units(QuotaUnits::ONE) }
    }

    /// What it costs of the account's quota.
    pub(crate) fn quota_units(mut self, units: QuotaUnits) -> Self {
        if let Ok(request) = &mut self.request {
            request.extensions_mut().insert(units);
        }
        self
    }

    /// A form for an OAuth endpoint, which carries `secrets`.
    pub(crate) fn form(
        name: &'static str,
        operation: Operation,
        url: &str,
        form: String,
        secrets: Secrets<'a>,
    ) -> Self {
        let source = ErrorSource::Token(operation);
        let mut call = Self::plain(name, source, Method::POST, url.to_owned(), form.into());
        call.set(CONTENT_TYPE, FORM);
        call.secrets = secrets;
        call
    }

    /// With `body` as its JSON.
    pub(crate) fn json(mut self, body: &impl serde::Serialize) -> Self {
        /// An event of ours with what a user may have added, without growing twice.
        const USUAL_BYTES: usize = 2_048;
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        match (serde_json::to_writer(&mut bytes, body), &mut self.request) {
            (Ok(()), Ok(request)) => *request.body_mut() = bytes.into(),
            (Err(_), _) => self.request = Err(Failure::not_sendable("a body that can't be written as JSON")),
            (Ok(()), Err(_)) => {}
        }
        self.set(CONTENT_TYPE, JSON);
        self
    }

    /// Only if Google's version is still `etag`. Without one nothing is sent: it would overwrite.
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        match HeaderValue::from_str(etag) {
            Ok(value) if !etag.is_empty() => self.set(http::header::IF_MATCH, value),
            _ => self.request = Err(Failure::not_sendable("an etag that no header can hold")),
        }
        self
    }

    fn plain(name: &'static str, source: ErrorSource, method: Method, url: String, body: Body) -> Self {
        let request = Request::builder().method(method).uri(url).header(USER_AGENT, OUR_NAME).body(body);
        let request = request.map_err(|_| Failure::not_sendable("an address that can't be read"));
        Self { name, source, request, secrets: [None; 3] }
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        if let Ok(request) = &mut self.request {
            request.headers_mut().insert(name, value);
        }
    }
}
