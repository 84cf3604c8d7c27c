//! What the engine promises, told as stories: a store of either kind, the simulated Google behind
//! the transport seam, and a clock that is moved by hand.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code: a failed step is a failed test")]

mod calendars;
mod clean_up;
mod damaged_secrets;
mod disconnect;
mod disconnect_crashes;
mod disconnect_removal;
mod fairness;
mod grant_waves;
mod grants;
mod in_doubt;
mod incarnations;

mod meanwhile;
mod moves;
mod outage;
mod panics;
mod pauses;
mod pauses_by_admins;
mod permits;
mod progress;
mod quota;
mod receiver;
mod reconnect;
mod removals;
mod retention;
mod taken_back;
mod token_refresh;
mod trace;
mod unreadable;
mod unsent;
mod user_deletion;
mod user_edits;
mod webhook_network;
mod webhooks;
