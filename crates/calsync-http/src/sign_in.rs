//! Signing in: a mail address and a password become a sign-in.
//!
//! Every try takes the same time and is told the same, whether there is such an admin or not. Tries
//! are counted before the password is looked at: by account, and by the address that they come
//! from. A browser in which the admin signed in before has a count of its own, so that strangers
//! who guess can't lock the admin out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_core::env::bytes;
use calsync_store::admins::{self, Admin};
use calsync_store::secrets::SecretAad;
use calsync_store::{passwords, sign_ins};
use data_encoding::HEXLOWER;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::app_state::AppState;
use crate::client::{Client, network};
use crate::cookies::Cookie;
use crate::problem::{Kind, Problem};

/// Tries an account in a window.
const TRIES_PER_ACCOUNT: i64 = 10;
/// Tries from one address in a window: an office shares one.
const TRIES_PER_ADDRESS: i64 = 50;
/// Passwords hashed at once: each takes 19 MiB.
const HASHED_AT_ONCE: usize = 4;
static HASHING: Semaphore = Semaphore::const_new(HASHED_AT_ONCE);
/// Binds sealed values to their use.
const AAD: SecretAad<'_> = SecretAad { table: "cookies", column: "known_browser", row: "", user_id: "" };

/// How a try ended.
pub enum SignInResult {
    /// The admin is in, with these cookies.
    SignedIn {
        /// The admin.
        admin: Admin,
        /// What the sign-in is known by.
        token: String,
        /// The sign-in, and the mark of a known browser.
        cookies: [String; 2],
    },
    /// Address and password don't fit.
    Wrong,
    /// Too many tries.
    TooOften,
}

/// Tries to sign in.
pub async fn attempt(
    app: &AppState,
    headers: &HeaderMap,
    client: Option<Client>,
    email: &str,
    password: SecretString,
) -> Result<SignInResult, Problem> {
    let email = admins::canonical(email);
    let (sort, name) = if is_known(app, headers, &email) { ("known", &email) } else { ("account", &email) };
    let now = app.engine.now();
    let mut tx = app.engine.store().begin().await?;
    let by_account = sign_ins::count_try(&mut tx, sort, name, now).await?;
    let by_address = match client {
        Some(client) => sign_ins::count_try(&mut tx, "address", &network(client.0).to_string(), now).await?,
        None => 0,
    };
    let found = admins::by_email(&mut tx, &email).await?;
    tx.commit().await?;
    if by_account > TRIES_PER_ACCOUNT || by_address > TRIES_PER_ADDRESS {
        let client = client.map(|client| tracing::field::display(client.0));
        tracing::warn!(client, by_account, by_address, "too many sign-in attempts");
        return Ok(SignInResult::TooOften);
    }
    let (admin, hash) = match found {
        Some((admin, hash)) => (Some(admin), hash),
        None => (None, passwords::OF_NOBODY.to_owned()),
    };
    let is_right = hash_blocking(move || passwords::is_right(&password, &hash)).await?;
    match admin.filter(|_| is_right) {
        Some(admin) => let_in(app, headers, admin, sort).await,
        None => Ok(SignInResult::Wrong),
    }
}

/// A new sign-in; one that the browser had before is over.
async fn let_in(
    app: &AppState,
    headers: &HeaderMap,
    admin: Admin,
    sort: &str,
) -> Result<SignInResult, Problem> {
    let token = HEXLOWER.encode(&bytes::<32>(app.engine.entropy()));
    let now = app.engine.now();
    let mut tx = app.engine.store().begin().await?;
    if let Some(old) = Cookie::SignIn.get(app, headers) {
        sign_ins::end(&mut tx, &old, now).await?;
    }
    sign_ins::begin(&mut tx, &token, &admin.id, now).await?;
    sign_ins::forget_tries(&mut tx, sort, &admin.email).await?;
    tx.commit().await?;
    let known = SecretString::from(admin.email.clone());
    let known = app.engine.store().keyring().seal(AAD, &known, app.engine.entropy());
    let known = known.map(|sealed| URL_SAFE_NO_PAD.encode(sealed)).unwrap_or_default();
    let cookies = [Cookie::SignIn.set(app, &token), Cookie::Known.set(app, &known)];
    Ok(SignInResult::SignedIn { admin, token, cookies })
}

/// Whether the admin of `email` signed in with this browser before.
fn is_known(app: &AppState, headers: &HeaderMap, email: &str) -> bool {
    let known = || {
        let sealed = URL_SAFE_NO_PAD.decode(Cookie::Known.get(app, headers)?).ok()?;
        app.engine.store().keyring().open(AAD, &sealed).ok()
    };
    known().is_some_and(|known| known.expose_secret() == email)
}

/// The hash of a new password.
pub async fn hash(app: &AppState, password: SecretString) -> Result<String, Problem> {
    let engine = app.engine.clone();
    Ok(hash_blocking(move || passwords::hash(&password, engine.entropy())).await??)
}

/// Runs heavy work off the threads that answer requests, a few at a time.
pub async fn hash_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let _room = HASHING.acquire().await.map_err(|_| Problem::new(Kind::Unavailable))?;
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::panicked())
}
