//! How a user connects: a link, Google's consent, the way back, the choice of a calendar.
//!
//! A link is used up when its form is sent, not by looking. `state` is bound to the browser, good
//! once and for a short time. Every try is a row with its outcome.

mod begin;
mod choices;
mod finish;
mod link;
mod writable_calendars;

pub(crate) use begin::CONSENT_TIME;
pub use begin::{ConsentStart, RestartRequest, begin, restart};
pub(crate) use finish::revoke_unused_grant;
pub use finish::{Callback, CallbackResult, finish};
pub(crate) use link::link_of_change;
pub use link::{
    LINK_LIFETIME_DEFAULT, LINK_LIFETIME_MAX, NewLink, create_link, create_reconnect_link, use_link,
};
pub use writable_calendars::writable_calendars;

pub use calsync_google::{CalendarEntry, scopes};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::env::bytes;

use crate::Engine;

/// 256 random bits as text that fits into a URL.
pub(crate) fn secret_text(engine: &Engine) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(engine.entropy()))
}

/// Where Google sends the user back to; registered at Google to the letter.
pub(crate) fn redirect_uri(engine: &Engine) -> String {
    format!("{}/oauth/google/callback", engine.settings().public_url)
}
