//! A stateful fake of Google Calendar v3 and of Google's OAuth.
//!
//! It answers on Google's own paths, keeps accounts, grants, calendars and events, and can be told through
//! `/_control` (or the methods of [`Simulator`]) to misbehave as Google does. It shares no types with calsync's
//! Google client, so that one mistake can't hide another. The same seed, start and calls give the same bytes.
//! It doesn't persist anything, send mail, or know the web interface's conflicts of rooms and guests.

mod answer;
mod api_error;
mod app_state;
mod calendar;
mod cidr;
mod clock;
mod control;
mod delivery;
mod faults;
mod oauth;
mod options;
mod pages;
mod query;
mod quirks;
mod quota;
mod random;
mod router;
mod server;
mod simulator;
mod snapshot;
mod system;
mod user_edits;
mod world;

pub use cidr::{Cidr, CidrError};
pub use control::RevokeCause;
pub use delivery::{DelayedResponse, LostResponse};
pub use faults::{FaultEffect, FaultMatch, FaultRule};
pub use options::SimulatorOptions;
pub use quirks::Quirks;
pub use simulator::Simulator;
pub use snapshot::{
    AccountSnapshot, CalendarSnapshot, EventSnapshot, EventTime, GrantSnapshot, Snapshot, SnapshotCursor,
    SnapshotError,
};
pub use system::random_seed;
pub use world::calendar::Role;
pub use world::{NewAccount, NewCalendar};
