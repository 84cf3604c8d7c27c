//! Our cookies. Users' two are short-lived: which browser set out for Google, and whom it visits as.
//! Admins have a sign-in and a mark of a browser that signed in before. Over https
//! their names bind them to this host alone.

use calsync_store::sign_ins::LONGEST;
use http::HeaderMap;
use http::header::COOKIE;
use jiff::SignedDuration;

use crate::app_state::AppState;

/// How long a browser may be away at Google, and how long a visit lasts.
pub const VISIT_LIFETIME: SignedDuration = SignedDuration::from_mins(60);
/// How long a browser is known to have signed in.
const KNOWN_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The browser that began.
    Browser,
    /// A user's visit, sealed.
    Visit,
    /// An admin's sign-in.
    SignIn,
    /// A browser in which an admin signed in before, sealed.
    Known,
}

impl Cookie {
    fn name(self, app: &AppState) -> &'static str {
        match (self, app.is_https()) {
            (Self::Browser, true) => "__Host-calsync_browser",
            (Self::Browser, false) => "calsync_browser",
            (Self::Visit, true) => "__Host-calsync_visit",
            (Self::Visit, false) => "calsync_visit",
            (Self::SignIn, true) => "__Host-calsync_sign_in",
            (Self::SignIn, false) => "calsync_sign_in",
            (Self::Known, true) => "__Host-calsync_known",
            (Self::Known, false) => "calsync_known",
        }
    }

    /// The header that sets it.
    pub fn set(self, app: &AppState, value: &str) -> String {
        let lifetime = match self {
            Self::Browser | Self::Visit => VISIT_LIFETIME,
            Self::SignIn => LONGEST,
            Self::Known => KNOWN_LIFETIME,
        };
        self.header(app, value, lifetime.as_secs())
    }

    /// The header that removes it.
    pub fn clear(self, app: &AppState) -> String {
        self.header(app, "", 0)
    }

    fn header(self, app: &AppState, value: &str, max_age_secs: i64) -> String {
        let secure = if app.is_https() { "; Secure" } else { "" };
        let name = self.name(app);
        format!("{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}")
    }

    /// Its value in a request.
    pub fn get(self, app: &AppState, headers: &HeaderMap) -> Option<String> {
        let name = self.name(app);
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }
}
