//! What the API and the pages stand on: who may call what, what a request may hold, how an answer and
//! a problem look, and the serving itself.
//!
//! Every route stands in a table ([`route`]) with who may call it and what it takes; the router, the
//! checks and `/openapi.json` are made from the tables. A 2xx is sent only after the commit. Nothing
//! here talks to Google or knows SQL: the engine and the store do.

pub mod admin_auth;
pub mod api_client;
pub mod app_state;
pub mod client;
pub mod cookies;
pub mod filters;
mod guard;
pub mod idempotency;
pub mod input;
pub mod panics;
pub mod problem;
pub mod response;
pub mod return_url;
pub mod route;
mod router;
mod serve;
pub mod sign_in;
mod transaction;
#[expect(missing_docs, reason = "the API's description says what each field is")]
pub mod views;

pub use router::router;
pub use serve::{ServeLimits, serve};
