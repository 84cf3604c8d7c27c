//! Answers that say no, as RFC 9457 problems.
//!
//! A handler returns a [`Problem`]; the end of every request writes it, as JSON or as a page, with the
//! request's trace id. What went wrong inside is logged under that id and never sent.

use axum::response::{IntoResponse, Response};
use calsync_core::item::FieldError;
use calsync_core::language::Language;
use calsync_engine::EngineError;
use calsync_store::StoreError;
use http::StatusCode;
use serde::Serialize;

/// A body with more bad fields than this is told about the first ones: an item has 13 fields, and
/// the answers to a batch must fit into memory.
const ERRORS_MAX: usize = 20;
/// An unknown key may be as long as the body; so much of it is told, in characters.
const FIELD_LENGTH_MAX: usize = 128;

/// The kinds of problems. Their types are part of the API: programs tell them apart by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its title below")]
pub enum Kind {
    BadJson,
    BadRequest,
    Unauthorized,
    Forbidden,
    CrossSite,
    NotFound,
    MethodNotAllowed,
    Timeout,
    VersionConflict,
    RequestUnderWay,
    UserBeingDeleted,
    NothingToCleanUp,
    NoWebhook,
    LinkExpired,
    TooLarge,
    WrongContentType,
    BadFields,
    IdempotencyKeyReused,
    Internal,
    Unavailable,
    NotConfigured,
}

impl Kind {
    /// Type, status and title.
    const fn line(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BadJson => ("/problems/bad-json", 400, "Invalid JSON object"),
            Self::BadRequest => ("/problems/bad-request", 400, "Invalid HTTP request"),
            Self::Unauthorized => ("/problems/unauthorized", 401, "A valid API key is required"),
            Self::Forbidden => ("/problems/forbidden", 403, "Not allowed"),
            Self::CrossSite => ("/problems/cross-site", 403, "Form sent from another site"),
            Self::NotFound => ("/problems/not-found", 404, "Not found"),
            Self::MethodNotAllowed => ("/problems/method-not-allowed", 405, "Method not allowed"),
            Self::Timeout => ("/problems/timeout", 408, "Request body timed out"),
            Self::VersionConflict => ("/problems/version-conflict", 409, "A newer version is stored"),
            Self::RequestUnderWay => {
                ("/problems/request-under-way", 409, "The same request is still in progress")
            }
            Self::UserBeingDeleted => ("/problems/user-being-deleted", 409, "This user is being deleted"),
            Self::NothingToCleanUp => {
                ("/problems/nothing-to-clean-up", 404, "No leftovers to clean up for this user")
            }
            Self::NoWebhook => {
                ("/problems/no-webhook", 409, "No webhook is configured (platform.webhook_url)")
            }
            Self::LinkExpired => ("/problems/link-expired", 410, "This link has expired or was already used"),
            Self::TooLarge => ("/problems/too-large", 413, "Request too large"),
            Self::WrongContentType => ("/problems/wrong-content-type", 415, "Unsupported content type"),
            Self::BadFields => ("/problems/bad-fields", 422, "Some fields are invalid"),
            Self::IdempotencyKeyReused => (
                "/problems/idempotency-key-reused",
                422,
                "Idempotency key already used for a different request",
            ),
            Self::Internal => ("/problems/internal", 500, "Internal error"),
            Self::Unavailable => ("/problems/unavailable", 503, "Temporarily unavailable"),
            Self::NotConfigured => ("/problems/not-configured", 503, "Google Calendar is not configured yet"),
        }
    }
}

/// A problem; boxed, so that results stay small.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    cause: Option<String>,
    language: Option<Language>,
}

/// A problem as it is sent.
#[derive(Serialize)]
pub struct ProblemView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    trace_id: &'a str,
}

impl Problem {
    /// A problem of `kind`.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, detail: None, errors: Vec::new(), cause: None, language: None }))
    }

    /// Says more, for the developer.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says it in the language of a user who is known.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.0.language = Some(language);
        self
    }

    /// Bad fields.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Kind::BadFields);
        problem.0.errors = errors.into_iter().take(ERRORS_MAX).map(sanitize_field).collect();
        problem
    }

    /// One bad field.
    pub fn field(field: &str, message: &str) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// A version that lost against `stored`.
    pub fn stale_version(stored: i64) -> Self {
        Self::new(Kind::VersionConflict).detail(format!(
            "version {stored} is already stored: send a higher version, or the same version with the same body"
        ))
    }

    /// Something was sent for a user who is being deleted.
    pub fn being_deleted(user_id: &str) -> Self {
        Self::new(Kind::UserBeingDeleted)
            .detail(format!("user {user_id} is being deleted; try again when the deletion has finished"))
    }

    /// Our own fault; `cause` is for our log alone.
    fn internal(kind: Kind, cause: &StoreError) -> Self {
        let mut problem = Self::new(kind);
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// Our own fault, of which nothing more may be told: where it was stands in the log by itself.
    pub fn panicked() -> Self {
        let mut problem = Self::new(Kind::Internal);
        problem.0.cause = Some("it panicked".into());
        problem
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The status that goes with its kind.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.line().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The bad fields, the first 20.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The language of whom it is said to, where they are known.
    pub fn language(&self) -> Option<Language> {
        self.0.language
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The problem as it is sent.
    pub fn view<'a>(&'a self, trace_id: &'a str) -> ProblemView<'a> {
        let (kind, status, title) = self.0.kind.line();
        ProblemView {
            kind,
            title,
            status,
            detail: self.0.detail.as_deref(),
            errors: &self.0.errors,
            trace_id,
        }
    }
}

/// An error that is fit to be sent, stored and logged, whatever the key was called.
fn sanitize_field(error: FieldError) -> FieldError {
    FieldError { field: sanitize(&error.field), message: error.message }
}

/// `text` without control characters and not longer than an id.
pub fn sanitize(text: &str) -> String {
    text.chars().take(FIELD_LENGTH_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What the database says may pass; what it holds may not.
        let may_pass = matches!(error, StoreError::Database(_));
        Self::internal(if may_pass { Kind::Unavailable } else { Kind::Internal }, &error)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::fields(vec![error])
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
