//! The Calendar API, revision as in Google's discovery document: events, and the calendars that
//! hold them. Every write asks Google to tell no guest.

pub mod calendars;
pub mod events;
