//! Which admin calls, and whether they may: an admin key, which acts as an owner, or a sign-in to
//! the console, whose role is read anew each time.
//!
//! A browser's forms carry a token that only our pages know, beside what browsers say of where a
//! form comes from. A key's caller may name the person behind it with `Calsync-Actor`.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_store::admins::Role;
use calsync_store::api_keys::{ApiKey, Scope};
use calsync_store::sign_ins::{self, SignIn};
use data_encoding::HEXLOWER;
use http::request::Parts;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::api_client::{ApiClient, authorise};
use crate::app_state::AppState;
use crate::cookies::Cookie;
use crate::problem::{Kind, Problem};

/// The longest name of a person, in characters.
const ACTOR_LENGTH_MAX: usize = 128;

/// An admin.
#[derive(Clone, Debug)]
pub struct SignedInAdmin {
    /// As in the audit.
    pub id: String,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    browser: Option<Browser>,
}

/// What a signed-in browser holds.
#[derive(Clone, Debug)]
struct Browser {
    token: SecretString,
    form_token: SecretString,
}

/// Whether a request goes to its handler.
pub enum Admission {
    /// It does.
    Granted(Option<ApiClient>),
    /// It is answered at once.
    Redirect(Response),
}

impl SignedInAdmin {
    /// Whether a browser calls, which would send its cookie for another site too.
    pub const fn is_browser(&self) -> bool {
        self.browser.is_some()
    }

    /// What our forms carry.
    pub fn form_token(&self) -> &str {
        self.browser.as_ref().map_or("", |browser| browser.form_token.expose_secret())
    }

    /// What the sign-in is known by.
    pub fn token(&self) -> &str {
        self.browser.as_ref().map_or("", |browser| browser.token.expose_secret())
    }

    fn of_sign_in(sign_in: &SignIn, token: String) -> Self {
        let form_token = HEXLOWER.encode(&Sha256::digest(format!("form {token}")));
        Self {
            id: sign_in.admin.id.clone(),
            name: sign_in.admin.email.clone(),
            role: sign_in.admin.role,
            browser: Some(Browser { token: token.into(), form_token: form_token.into() }),
        }
    }
}

impl FromRequestParts<AppState> for SignedInAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(Kind::Unauthorized))
    }
}

/// Admits the holder of an admin key or of a sign-in of at least `role` to the admin API.
pub async fn admin(app: &AppState, parts: &mut Parts, role: Role) -> Result<ApiClient, Problem> {
    let sign_in = match parts.headers.contains_key(http::header::AUTHORIZATION) {
        true => None,
        false => signed_in(app, &parts.headers).await?,
    };
    let (admin, api_client) = match sign_in {
        Some((sign_in, _)) if sign_in.admin.must_change_password => {
            return Err(Problem::new(Kind::Forbidden).detail("change your one-time password first"));
        }
        Some((sign_in, token)) => {
            let admin = SignedInAdmin::of_sign_in(&sign_in, token);
            let key = ApiKey { id: admin.id.clone(), name: admin.name.clone(), scope: Scope::Admin };
            (admin, ApiClient(key))
        }
        None => {
            let api_client = authorise(app, &parts.headers, Scope::Admin).await?;
            let id = actor(&parts.headers)?.unwrap_or_else(|| api_client.0.name.clone());
            (SignedInAdmin { name: id.clone(), id, role: Role::Owner, browser: None }, api_client)
        }
    };
    check_role(&admin, role)?;
    parts.extensions.insert(admin);
    parts.extensions.insert(api_client.clone());
    Ok(api_client)
}

/// Admits a signed-in admin to a page, of at least `role`; without one, also with a one-time
/// password.
pub async fn console(app: &AppState, parts: &mut Parts, role: Option<Role>) -> Result<Admission, Problem> {
    let Some((sign_in, token)) = signed_in(app, &parts.headers).await? else {
        return Ok(Admission::Redirect(to_sign_in(parts)));
    };
    let admin = SignedInAdmin::of_sign_in(&sign_in, token);
    if let Some(role) = role {
        if sign_in.admin.must_change_password {
            return Ok(Admission::Redirect(Redirect::to("/admin/password").into_response()));
        }
        check_role(&admin, role)?;
    }
    parts.extensions.insert(admin);
    Ok(Admission::Granted(None))
}

fn check_role(admin: &SignedInAdmin, role: Role) -> Result<(), Problem> {
    if admin.role >= role {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden).detail(format!("this needs the role {} or higher", role.name())))
}

fn to_sign_in(parts: &Parts) -> Response {
    if parts.method != Method::GET {
        return Redirect::to("/admin/sign-in").into_response();
    }
    let next = parts.uri.path_and_query().map_or("/admin", |path| path.as_str());
    let query: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Redirect::to(&format!("/admin/sign-in?next={query}")).into_response()
}

/// The live sign-in of a request.
async fn signed_in(app: &AppState, headers: &HeaderMap) -> Result<Option<(SignIn, String)>, Problem> {
    let Some(token) = Cookie::SignIn.get(app, headers) else { return Ok(None) };
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let Some(sign_in) = sign_ins::find(&mut tx, &token, now).await? else { return Ok(None) };
    drop(tx);
    if sign_in.is_to_be_seen {
        let mut tx = app.engine.store().begin().await?;
        sign_ins::seen(&mut tx, &token, now).await?;
        tx.commit().await?;
    }
    Ok(Some((sign_in, token)))
}

/// The person behind a key.
fn actor(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("calsync-actor") else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim);
    let good = text.filter(|text| !text.is_empty() && text.chars().count() <= ACTOR_LENGTH_MAX);
    let refuse = || Problem::field("Calsync-Actor", "must have 1 to 128 visible characters");
    good.map(|text| Some(text.to_owned())).ok_or_else(refuse)
}

/// A signed-in browser's form must carry the token of its own sign-in.
pub fn check_form(parts: &Parts, body: &[u8]) -> Result<(), Problem> {
    let Some(browser) = parts.extensions.get::<SignedInAdmin>().and_then(|admin| admin.browser.as_ref())
    else {
        return Ok(());
    };
    let given = form_urlencoded::parse(body).find(|(name, _)| name == "form_token");
    // Hashes are compared, so that the time tells nothing of the token.
    let is_ours = given.is_some_and(|(_, token)| {
        Sha256::digest(token.as_bytes()) == Sha256::digest(browser.form_token.expose_secret().as_bytes())
    });
    if is_ours { Ok(()) } else { Err(Problem::new(Kind::CrossSite)) }
}
