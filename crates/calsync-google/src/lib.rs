//! Google as calsync sees it: OAuth and Calendar calls over one transport seam.
//!
//! Each call is sent once. What comes back is either what Google's documents promise or a
//! [`Failure`] that names one of calsync's reasons, how sure the outcome is, and Google's own words.
//! Nothing here retries, waits or keeps a token: that is the engine's. A clock is looked at only to tell how long a call took.

mod answer;
pub mod calendar;
mod call;
pub mod endpoints;
pub mod failure;
pub mod oauth;
mod observer;
pub mod transport;

pub use calendar::calendars::{AccessRole, CalendarEntry};
pub use calendar::events::{CalendarInfo, EventPage, ListQuery};
pub use call::GoogleClient;
pub use endpoints::{Endpoints, OAuthClient};
pub use failure::{ErrorSource, Failure};
pub use oauth::{Account, AuthorizationRequest, Revoked, Tokens, callback_reason, scopes};
pub use observer::{CallObserver, SentCall};
pub use transport::{
    Body, HttpLimits, HttpTransport, QuotaUnits, Transport, TransportError, TransportFailure,
};

/// How a removal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Google removed it.
    Done,
    /// It was gone before.
    AlreadySo,
}
