//! Google's error bodies, by the words of its guides.
//!
//! Clients key their reactions on `reason`, so every constructor here is one
//! reason with the status, domain and message that Google sends with it.
//! Source: the Calendar API's guide "Handle API errors".

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

type Text = Cow<'static, str>;

/// One error of the Calendar API (and, in the same shape, of the APIs beside it).
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    domain: &'static str,
    reason: Text,
    message: Text,
    /// `locationType` and `location`.
    location: Option<(&'static str, Text)>,
    /// `status` and `details` beside the list of errors, where Google adds them.
    rpc_status: Option<&'static str>,
    details: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        domain: &'static str,
        reason: impl Into<Text>,
        message: impl Into<Text>,
    ) -> Self {
        Self(Box::new(Parts {
            status,
            domain,
            reason: reason.into(),
            message: message.into(),
            location: None,
            rpc_status: None,
            details: None,
        }))
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    fn at(mut self, kind: &'static str, location: impl Into<Text>) -> Self {
        self.0.location = Some((kind, location.into()));
        self
    }

    fn with_rpc(mut self, status: &'static str, details: Option<Value>) -> Self {
        self.0.rpc_status = Some(status);
        self.0.details = details;
        self
    }

    /// A field or parameter with a value it can't have.
    pub(crate) fn invalid(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "invalid", message)
    }

    pub(crate) fn invalid_parameter(name: &'static str, message: impl Into<Text>) -> Self {
        Self::invalid(message).at("parameter", name)
    }

    pub(crate) fn required(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "required", message)
    }

    pub(crate) fn bad_request(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "badRequest", message)
    }

    /// A 400 with a reason of the calendar's own.
    pub(crate) fn calendar_rule(reason: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "calendar", reason, message)
    }

    pub(crate) fn parse_error() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "parseError", "Parse Error")
    }

    pub(crate) fn time_range_empty() -> Self {
        Self::calendar_rule("timeRangeEmpty", "The specified time range is empty.")
    }

    /// As [`Self::time_range_empty`], for the window of a list.
    pub(crate) fn window_empty() -> Self {
        Self::time_range_empty().at("parameter", "timeMax")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "global", "authError", "Invalid Credentials")
            .at("header", "Authorization")
            .with_rpc("UNAUTHENTICATED", None)
    }

    pub(crate) fn login_required() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "global", "required", "Login Required.")
            .at("header", "Authorization")
            .with_rpc("UNAUTHENTICATED", None)
    }

    pub(crate) fn scope_insufficient(method: &str) -> Self {
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": {"service": "calendar-json.googleapis.com", "method": format!("calendar.v3.{method}")},
        }]);
        Self::new(StatusCode::FORBIDDEN, "global", "insufficientPermissions", "Insufficient Permission")
            .with_rpc("PERMISSION_DENIED", Some(details))
    }

    pub(crate) fn required_access_level(role: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "calendar",
            "requiredAccessLevel",
            format!("You need to have {role} access to this calendar."),
        )
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "global", "forbidden", "Forbidden")
    }

    pub(crate) fn not_organizer() -> Self {
        let message = "Shared properties can only be changed by the organizer of the event.";
        Self::new(StatusCode::FORBIDDEN, "calendar", "forbiddenForNonOrganizer", message)
    }

    pub(crate) fn project_rate() -> Self {
        Self::new(StatusCode::FORBIDDEN, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")
    }

    pub(crate) fn user_rate() -> Self {
        Self::new(StatusCode::FORBIDDEN, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "global", "notFound", "Not Found")
    }

    pub(crate) fn duplicate() -> Self {
        let message = "The requested identifier already exists.";
        Self::new(StatusCode::CONFLICT, "global", "duplicate", message)
    }

    pub(crate) fn deleted() -> Self {
        Self::new(StatusCode::GONE, "global", "deleted", "Resource has been deleted")
    }

    pub(crate) fn full_sync_required() -> Self {
        let message = "Sync token is no longer valid, a full sync is required.";
        Self::new(StatusCode::GONE, "calendar", "fullSyncRequired", message).at("parameter", "syncToken")
    }

    pub(crate) fn updated_min_too_long_ago() -> Self {
        let message = "The requested minimum modification time lies too far in the past.";
        Self::new(StatusCode::GONE, "calendar", "updatedMinTooLongAgo", message).at("parameter", "updatedMin")
    }

    pub(crate) fn condition_not_met() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "global", "conditionNotMet", "Precondition Failed")
            .at("header", "If-Match")
    }

    /// The whole body, as Google sends it.
    pub(crate) fn body(&self) -> Value {
        let mut entry = json!({"domain": self.0.domain, "reason": self.0.reason, "message": self.0.message});
        if let Some((kind, location)) = &self.0.location {
            entry["locationType"] = json!(kind);
            entry["location"] = json!(location);
        }
        let mut error = json!({
            "code": self.0.status.as_u16(),
            "message": self.headline(),
            "errors": [entry],
        });
        if let Some(status) = self.0.rpc_status {
            error["status"] = json!(status);
        }
        if let Some(details) = &self.0.details {
            error["details"] = details.clone();
        }
        json!({"error": error})
    }

    /// The outer message, which for the front door's refusals is longer than the inner one.
    fn headline(&self) -> &str {
        match &*self.0.reason {
            "authError" => {
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                 other valid authentication credential. See \
                 https://developers.google.com/identity/sign-in/web/devconsole-project."
            }
            "insufficientPermissions" => "Request had insufficient authentication scopes.",
            _ => &self.0.message,
        }
    }

    /// The `WWW-Authenticate` header that goes with the error.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match &*self.0.reason {
            "authError" => Some(r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#),
            "insufficientPermissions" => {
                Some(r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope""#)
            }
            _ if self.0.status == StatusCode::UNAUTHORIZED => {
                Some(r#"Bearer realm="https://accounts.google.com/""#)
            }
            _ => None,
        }
    }
}
