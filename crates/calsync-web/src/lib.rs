//! calsync over HTTP: the platform API, the admin API, and the pages on which a user connects.
//!
//! Every route stands in one table ([`routes`]) with who may call it and what it takes; the router,
//! the checks and `/openapi.json` are made from it. A 2xx is sent only after the commit. Nothing
//! here talks to Google or knows SQL: the engine and the store do.

mod admin_auth;
mod api;
mod api_client;
mod app_state;
mod assets;
mod client;
mod guard;
mod health;
mod idempotency;
mod input;
mod openapi;
mod pages;
mod panics;
mod problem;
mod response;
mod return_url;
mod router;
mod routes;
mod serve;
mod sign_in;
mod transaction;
mod views;

use calsync_core::cursor;
pub use router::router;
pub use serve::{ServeLimits, serve};
