//! The client against a Google of the tests' own, and its transport against real sockets.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod answers;
mod calendars;
mod discovery;
mod events;
mod fake;
mod http_transport;
mod oauth;
mod observer;
