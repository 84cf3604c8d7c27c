//! A visit: for a short time one browser may see and change one user's connection.
//!
//! It begins when a link's form is sent, or when a user comes back from Google, and stands in a
//! sealed cookie. Looking at a link begins none, since mail scanners look; and a page always says
//! whose settings it shows, so that nobody works in a stranger's unawares.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::integration::GOOGLE;
use calsync_http::app_state::AppState;
use calsync_http::cookies::{Cookie, VISIT_LIFETIME};
use calsync_http::problem::{Kind, Problem};
use calsync_store::integrations::{self, Integration};
use calsync_store::secrets::SecretAad;
use calsync_store::users::{self, User};
use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::messages::Messages;

/// Binds sealed values to their use.
const AAD: SecretAad<'_> = SecretAad { table: "cookies", column: "visit", row: "", user_id: "" };

#[derive(Serialize, Deserialize)]
struct VisitCookie {
    user_id: String,
    return_url: Option<String>,
    until: Timestamp,
}

/// Who visits with the browser of a request.
pub(crate) struct UserVisit {
    pub(crate) user: User,
    /// The platform's page to which they go back.
    pub(crate) return_url: Option<String>,
    /// In their language.
    pub(crate) messages: Messages,
}

/// The cookie with which a visit begins.
pub(super) fn begin(app: &AppState, user_id: &str, return_url: Option<&str>) -> Result<String, Problem> {
    let until = app.engine.now().saturating_add(VISIT_LIFETIME).unwrap_or_default();
    let visit = VisitCookie { user_id: user_id.to_owned(), return_url: return_url.map(str::to_owned), until };
    let visit = serde_json::to_string(&visit).map_err(|_| Problem::new(Kind::Internal))?;
    let sealed = app.engine.store().keyring().seal(AAD, &SecretString::from(visit), app.engine.entropy());
    let sealed = sealed.ok_or_else(|| Problem::new(Kind::Internal))?;
    Ok(Cookie::Visit.set(app, &URL_SAFE_NO_PAD.encode(sealed)))
}

/// Where the visit of a browser leads back to, if it is this user's.
pub(super) fn return_url(app: &AppState, headers: &HeaderMap, user_id: &str) -> Option<String> {
    read(app, headers).filter(|visit| visit.user_id == user_id)?.return_url
}

fn read(app: &AppState, headers: &HeaderMap) -> Option<VisitCookie> {
    let sealed = URL_SAFE_NO_PAD.decode(Cookie::Visit.get(app, headers)?).ok()?;
    let text = app.engine.store().keyring().open(AAD, &sealed).ok()?;
    let visit = serde_json::from_str::<VisitCookie>(text.expose_secret()).ok()?;
    (visit.until > app.engine.now()).then_some(visit)
}

impl FromRequestParts<AppState> for UserVisit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let over = || Problem::new(Kind::LinkExpired);
        let visit = read(app, &parts.headers).ok_or_else(over)?;
        let mut tx = app.engine.store().read().await?;
        let user = users::get(&mut tx, &visit.user_id).await?.ok_or_else(over)?;
        let messages = Messages::of_user(user.locale.as_deref(), &parts.headers);
        Ok(Self { user, return_url: visit.return_url, messages })
    }
}

impl UserVisit {
    /// Their connection to Google, standing or over.
    pub(super) async fn connection(&self, app: &AppState) -> Result<Option<Integration>, Problem> {
        let mut tx = app.engine.store().read().await?;
        let theirs = integrations::of_user(&mut tx, &self.user.user_id).await?;
        Ok(theirs.into_iter().find(|one| one.provider == GOOGLE))
    }

    /// How the platform calls them, for the page to say whose it is.
    pub(super) fn name(&self) -> &str {
        name(&self.user)
    }
}

/// How the platform calls a user.
pub(super) fn name(user: &User) -> &str {
    let known = [&user.email, &user.name].into_iter().flatten().find(|text| !text.trim().is_empty());
    known.map_or(&user.user_id, String::as_str)
}
