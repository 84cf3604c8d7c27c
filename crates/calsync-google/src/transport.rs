//! The one way out: a request goes through [`Transport`], and an answer or its absence comes back.
//!
//! A transport never retries and never follows redirects. What it must get right is the kind of a
//! failure: whether the request surely never left, or may have had its effect.

mod http;

pub use self::http::{HttpLimits, HttpTransport};

use futures_util::future::BoxFuture;

/// A whole body, of a request or an answer.
pub type Body = bytes::Bytes;

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What is known of the request's fate.
    pub kind: TransportFailure,
    /// The cause in words, without addresses' queries and without anything secret.
    pub message: String,
}

/// What is known of a request that has no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// No connection: name, refusal or TLS. The request surely never left.
    NotSent,
    /// Whoever sends it must not any more. The request surely never left, and it can be sent later.
    PutOff,
    /// The connection broke after it was sent: it may have happened.
    NoAnswer,
    /// No whole answer within the limit: it may have happened.
    TooSlow,
    /// The answer is larger than it may be: it may have happened.
    TooLarge,
}

/// An extension of requests: what they cost of the account's quota ("Manage quotas"). Requests of OAuth have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUnits(pub u32);

impl QuotaUnits {
    /// Of a request that reads, or that writes something whole.
    pub const ONE: Self = Self(1);
    /// Of a request that writes a part, the dearest of all.
    pub const PATCH: Self = Self(3);
}

/// Sends requests.
pub trait Transport: Send + Sync + 'static {
    /// One request, one answer, whole; never retries, never follows redirects.
    fn send(
        &self,
        request: ::http::Request<Body>,
    ) -> BoxFuture<'_, Result<::http::Response<Body>, TransportError>>;
}
