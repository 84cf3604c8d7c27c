//! A route: who may call it, what it takes, what it answers. Each crate that answers keeps a table of
//! them; the router, the guard and `/openapi.json` are made from the tables, so that none of them can
//! forget a route.

use std::sync::Arc;
use std::time::Duration;

use axum::routing::MethodRouter;
use calsync_store::admins::Role;
use calsync_store::api_keys::Scope;
use http::Method;

use crate::app_state::AppState;

/// The media type of a body that is a JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches it.
    Everyone,
    /// The holder of an API key of a scope.
    Key(Scope),
    /// The holder of an admin key, which acts as an owner, or an admin who signed in, of at least
    /// this role.
    Admin(Role),
    /// An admin who signed in, of at least this role: pages. Others are led to the sign-in.
    Console(Role),
    /// Whoever signed in, even with a password that is not their own yet.
    SignedIn,
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// No body; one that comes is not read.
    Nothing,
    /// A form of ours.
    Form,
    /// One JSON object.
    Json,
    /// A JSON object a line.
    Ndjson,
}

impl BodyKind {
    /// The largest body.
    pub(crate) const fn bytes_max(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Form => 16 << 10,
            Self::Json => 1 << 20,
            Self::Ndjson => 16 << 20,
        }
    }

    /// How long a body may take to arrive.
    pub(crate) const fn arrives_within(self) -> Duration {
        match self {
            Self::Nothing | Self::Form | Self::Json => Duration::from_secs(20),
            Self::Ndjson => Duration::from_secs(120),
        }
    }

    /// The media types that a body may have, its own first.
    pub const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Form => &["application/x-www-form-urlencoded"],
            Self::Json => &["application/json"],
            Self::Ndjson => &[NDJSON, "application/ndjson", "application/jsonl", "application/json"],
        }
    }
}

/// A route.
pub struct Route {
    /// Its method; a GET answers to HEAD too.
    pub method: Method,
    /// Its path, with parameters as in `/users/{user_id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What its requests carry.
    pub body_kind: BodyKind,
    /// In one line, for the API's description.
    pub summary: &'static str,
    /// Its query parameters.
    pub query: &'static [&'static str],
    /// The schema of its body.
    pub request: Option<&'static str>,
    /// The statuses of success, with the schema of the body.
    pub answers: &'static [(u16, Option<&'static str>)],
    /// Answers it.
    pub handler: fn() -> MethodRouter<AppState>,
}

impl Route {
    /// What most routes have; each says what is different.
    pub const GET: Self = Self {
        method: Method::GET,
        path: "",
        access: Access::Everyone,
        body_kind: BodyKind::Nothing,
        summary: "",
        query: &[],
        request: None,
        answers: &[],
        handler: MethodRouter::new,
    };
}

/// All routes of the service, as an extension of every request.
#[derive(Clone)]
pub struct AllRoutes(pub Arc<[&'static Route]>);
