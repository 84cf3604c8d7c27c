//! `POST /admin/password`: keeps a new password. Every other sign-in of this admin ends.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_store::passwords::{LENGTH_MAX, LENGTH_MIN};
use calsync_store::{admins, sign_ins};
use http::HeaderMap;
use secrecy::SecretString;

use crate::shell::with_cookie;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::client::Client;
use calsync_http::problem::Problem;
use calsync_http::sign_in::{SignInResult, attempt, hash};

pub(crate) async fn handler(
    State(web): State<AppState>,
    who: SignedInAdmin,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let take = |name: &str| {
        let value = form_urlencoded::parse(&body).find(|(key, _)| key == name);
        value.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (old, new) = (take("password"), take("new_password"));
    if let Some(refusal) = refusal(&old, &new, &take("new_password_again"), &who.name) {
        return Ok(super::page(&web, &who, Some(refusal)));
    }
    let peer = client.map(|Extension(client)| client);
    match attempt(&web, &headers, peer, &who.name, old.into()).await? {
        SignInResult::SignedIn { token, cookies: [sign_in, known], .. } => {
            keep(&web, &who, new.into(), &token).await?;
            with_cookie(with_cookie(Redirect::to("/admin").into_response(), &sign_in)?, &known)
        }
        SignInResult::Wrong => Ok(super::page(&web, &who, Some("Wrong current password."))),
        SignInResult::TooOften => Ok(super::page(&web, &who, Some("Too many attempts: wait 15 minutes."))),
    }
}

/// Why a new password can't be taken.
fn refusal(old: &str, new: &str, again: &str, email: &str) -> Option<&'static str> {
    if new != again {
        return Some("The two new passwords differ.");
    }
    if new.chars().count() < LENGTH_MIN || new.len() > LENGTH_MAX {
        return Some("The new password must have at least 12 characters, and at most 256 bytes.");
    }
    if new == old || new.eq_ignore_ascii_case(email) {
        return Some("The new password must be neither the old one nor your address.");
    }
    None
}

/// Keeps the password; of all sign-ins only the new one, known by `token`, stays.
async fn keep(web: &AppState, who: &SignedInAdmin, new: SecretString, token: &str) -> Result<(), Problem> {
    let hash = hash(web, new).await?;
    let now = web.engine.now();
    let mut tx = web.engine.store().begin().await?;
    admins::set_password(&mut tx, &who.id, &hash, false, now).await?;
    sign_ins::end_others(&mut tx, &who.id, token, now).await?;
    tx.commit().await?;
    Ok(())
}
