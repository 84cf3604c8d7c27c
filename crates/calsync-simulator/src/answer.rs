//! An answer before it is on the wire. Handlers are synchronous and give one.

use askama::Template;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;

use crate::api_error::ApiError;

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

    /// A page of this template.
    pub(crate) fn page(status: StatusCode, page: &impl Template) -> Self {
        match page.render() {
            Ok(html) => Self::empty(status).typed("text/html; charset=utf-8", html),
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
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
