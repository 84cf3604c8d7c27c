//! The users' pages and the console, told as stories: in process, over a real database and a simulated Google.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod calendar_wishes;
mod connect;
mod connect_outcomes;
mod console;
mod console_disconnect;
mod console_reconnect;
mod disconnect_wait;
mod given_up;
mod languages;
mod settings;
mod user_error_pages;
