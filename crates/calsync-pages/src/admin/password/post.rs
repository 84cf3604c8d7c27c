//! `POST /admin/password`: keeps a new password. Every other sign-in of this admin ends.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::client::Client;
use calsync_http::input::Form;
use calsync_http::problem::Problem;
use calsync_http::sign_in::{SignInResult, attempt, hash};
use calsync_store::passwords::{LENGTH_MAX, LENGTH_MIN};
use calsync_store::{admins, sign_ins};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::shell::with_cookie;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordForm {
    password: SecretString,
    new_password: SecretString,
    new_password_again: SecretString,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    if let Some(refusal) = refusal(&form, &admin.name) {
        return Ok(super::page(&app, &admin, Some(refusal)));
    }
    let peer = client.map(|Extension(client)| client);
    match attempt(&app, &headers, peer, &admin.name, form.password).await? {
        SignInResult::SignedIn { token, cookies: [sign_in, known], .. } => {
            keep(&app, &admin, form.new_password, &token).await?;
            with_cookie(with_cookie(Redirect::to("/admin").into_response(), &sign_in)?, &known)
        }
        SignInResult::Wrong => Ok(super::page(&app, &admin, Some("Wrong current password."))),
        SignInResult::TooOften => Ok(super::page(&app, &admin, Some("Too many attempts: wait 15 minutes."))),
    }
}

/// Why a new password can't be taken.
fn refusal(form: &PasswordForm, email: &str) -> Option<&'static str> {
    let [old, new, again] = [&form.password, &form.new_password, &form.new_password_again]
        .map(|password| password.expose_secret());
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
async fn keep(app: &AppState, admin: &SignedInAdmin, new: SecretString, token: &str) -> Result<(), Problem> {
    let hash = hash(app, new).await?;
    let now = app.engine.now();
    let mut tx = app.engine.store().begin().await?;
    admins::set_password(&mut tx, &admin.id, &hash, false, now).await?;
    sign_ins::end_others(&mut tx, &admin.id, token, now).await?;
    tx.commit().await?;
    Ok(())
}
