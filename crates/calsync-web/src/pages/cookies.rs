//! Our cookies. Users' two are short-lived: which browser began, and which integration it may choose
//! a calendar for. Admins have a sign-in and a mark of a browser that signed in before. Over https
//! their names bind them to this host alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_store::secrets::Slot;
use calsync_store::sign_ins::LONGEST;
use http::HeaderMap;
use http::header::COOKIE;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::problem::{Kind, Problem};
use crate::web::Web;

/// How long a user's are good.
const LIFETIME: SignedDuration = SignedDuration::from_mins(60);
/// How long a browser is known to have signed in.
const KNOWN_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Binds sealed values to their use.
const SLOT: Slot<'_> = Slot { table: "cookies", column: "calendar_choice", row: "", user_id: "" };

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The browser that began.
    Browser,
    /// A [`Choice`], sealed.
    Choice,
    /// An admin's sign-in.
    SignIn,
    /// A browser in which an admin signed in before, sealed.
    Known,
}

/// What a browser may choose a calendar for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Choice {
    pub(super) integration_id: String,
    pub(super) return_url: Option<String>,
    until: Timestamp,
}

impl Cookie {
    fn name(self, web: &Web) -> &'static str {
        match (self, web.is_https()) {
            (Self::Browser, true) => "__Host-calsync_browser",
            (Self::Browser, false) => "calsync_browser",
            (Self::Choice, true) => "__Host-calsync_choice",
            (Self::Choice, false) => "calsync_choice",
            (Self::SignIn, true) => "__Host-calsync_sign_in",
            (Self::SignIn, false) => "calsync_sign_in",
            (Self::Known, true) => "__Host-calsync_known",
            (Self::Known, false) => "calsync_known",
        }
    }

    /// The header that sets it.
    pub(crate) fn set(self, web: &Web, value: &str) -> String {
        let lifetime = match self {
            Self::Browser | Self::Choice => LIFETIME,
            Self::SignIn => LONGEST,
            Self::Known => KNOWN_LIFETIME,
        };
        self.header(web, value, lifetime.as_secs())
    }

    /// The header that removes it.
    pub(crate) fn clear(self, web: &Web) -> String {
        self.header(web, "", 0)
    }

    fn header(self, web: &Web, value: &str, max_age_secs: i64) -> String {
        let secure = if web.is_https() { "; Secure" } else { "" };
        let name = self.name(web);
        format!("{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}")
    }

    /// Its value in a request.
    pub(crate) fn get(self, web: &Web, headers: &HeaderMap) -> Option<String> {
        let name = self.name(web);
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }
}

impl Choice {
    /// The header that lets a browser choose.
    pub(super) fn give(
        web: &Web,
        integration_id: String,
        return_url: Option<String>,
    ) -> Result<String, Problem> {
        let until = web.engine.now().saturating_add(LIFETIME).unwrap_or_default();
        let choice = serde_json::to_string(&Self { integration_id, return_url, until });
        let choice = SecretString::from(choice.map_err(|_| Problem::new(Kind::Internal))?);
        let store = web.engine.store();
        let sealed = store.keyring().seal(SLOT, &choice, web.engine.entropy());
        let sealed = sealed.ok_or_else(|| Problem::new(Kind::Internal))?;
        Ok(Cookie::Choice.set(web, &URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What the browser of a request may choose for.
    pub(super) fn of(web: &Web, headers: &HeaderMap) -> Result<Self, Problem> {
        let read = || {
            let sealed = URL_SAFE_NO_PAD.decode(Cookie::Choice.get(web, headers)?).ok()?;
            let text = web.engine.store().keyring().open(SLOT, &sealed).ok()?;
            serde_json::from_str::<Self>(text.expose_secret()).ok()
        };
        let choice = read().filter(|choice| choice.until > web.engine.now());
        choice.ok_or_else(|| Problem::new(Kind::LinkExpired))
    }
}
