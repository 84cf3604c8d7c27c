//! The rules of calsync, pure: what an item should look like in Google, what is left to do, what
//! a failure means and when to try again.
//!
//! Nothing here waits, reads a clock, draws a random number or talks to anything. Functions take
//! values and return values, so every rule can be tested by property and read as a table.

pub mod change;
pub mod cursor;
pub mod disconnect;
pub mod env;
pub mod event_id;
pub mod fingerprint;
pub mod grant;
mod hash;
pub mod ids;
pub mod integration;
pub mod item;
pub mod language;
pub mod managed;
mod markup;
pub mod merge;
pub mod network;
pub mod outcome;
pub mod pacer;
pub mod pause;
pub mod plan;
pub mod policy;
pub mod reason;
pub mod remote;
pub mod render;
pub mod retry;
pub mod stamp;
pub mod sync_state;
pub mod text;
pub mod text_enum;
pub mod webhook;
pub mod zone;
